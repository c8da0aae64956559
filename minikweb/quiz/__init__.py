"""The questions: people and answers, no Kubernetes. `scoring.py` is pure."""
