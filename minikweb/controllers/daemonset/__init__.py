"""What a DaemonSet is: a pod of its template on each node that fits, also on those that come later.

`controller.py` reads and acts; the rest is pure: `placement.py` (which nodes, and the pod for one), `plan.py` (which
pods begin and end now), `status.py` (what is told of it).
"""
