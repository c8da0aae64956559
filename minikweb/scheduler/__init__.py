"""kube-scheduler: which node a pod runs on. All but `scheduler.py` is pure: filters and scores over plain dicts."""
