"""Operators written with kopf, run as a developer runs them: from the laptop, against the cluster."""
