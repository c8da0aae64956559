"""The questions: for oneself, and live with a class.

`cluster.py` alone reads the cluster, through the client; `scoring.py` and `objects.py` are pure.
"""
