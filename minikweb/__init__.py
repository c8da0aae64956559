"""Minikweb: a Kubernetes that fits on a laptop, shows what it does and teaches it.

The folders are the control-plane diagram; `.importlinter` says who may import whom.
"""
