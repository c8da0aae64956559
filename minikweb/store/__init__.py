"""etcd: the only tables of cluster state. Text in, text out; no kind is known here.

Only the API server imports this package.
"""
