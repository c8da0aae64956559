"""kube-apiserver: HTTP in, store out.

authenticate → authorise → decode → check fields → default → admit → validate → store. Everything that reaches
the store passes here; everything that leaves it is watched from here.
"""
