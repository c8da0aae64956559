"""What a Deployment is: a ReplicaSet per revision of its template, and the way from one to the next.

`controller.py` reads and acts; the rest is pure: `revisions.py` (which ReplicaSet is the new one, and its number),
`rolling.py` (how large each ReplicaSet may be now), `status.py` (what is told of it).
"""
