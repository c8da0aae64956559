"""kube-controller-manager: one file (or folder) per controller, each readable as "what a ReplicaSet is".

Controllers are strangers to each other: they meet only through the API. Two files are shared: `podcontrol.py`, and
`history.py` for the ControllerRevisions of StatefulSets and DaemonSets.
"""
