"""The node's agent: makes the pods bound to this node true, and tells the API what it sees.

`pods.py` and `status.py` are pure and carry the semantics; containers are reached through `minikweb.runtime`.
"""
