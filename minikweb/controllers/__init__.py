"""kube-controller-manager: one file per controller, each readable as "what a ReplicaSet is".

Controllers are strangers to each other: they meet only through the API. `podcontrol.py` is the only shared file.
"""
