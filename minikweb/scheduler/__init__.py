"""kube-scheduler: which node a pod runs on. `plugins.py` is pure: filters and scores over plain dicts."""
