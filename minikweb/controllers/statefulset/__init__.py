"""What a StatefulSet is: pods that keep their name, their place in the order and their storage.

`controller.py` reads and acts; the rest is pure: `identity.py` (names, ordinals, the pod of an ordinal), `claims.py`
(the storage of an ordinal, and who owns it), `plan.py` (which pods begin and end now, and what is told of it).
"""
