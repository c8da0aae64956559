"""What a Job is: pods that are to end well a given number of times, each end counted exactly once.

`controller.py` reads and acts; the rest is pure: `attempts.py` (what a pod of a Job has come to), `failurepolicy.py`
(what a failed pod means), `progress.py` (what all pods add up to), `plan.py` (which pods end or begin now),
`verdict.py` (whether it is over), `tally.py` (how ends are counted, and the status). `ttl.py` is a controller of its
own: it removes what has been over for long enough.
"""
