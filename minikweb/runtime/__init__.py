"""What runs containers, behind the verbs of Kubernetes' CRI.

`protocol.py` is the vocabulary, `docker/` the only door to Docker, `simulated/` the runtime of machines
without it. Both pass the same tests for all that the API shows. No kind, no API object is known here.
"""
