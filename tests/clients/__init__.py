"""Clients that nobody here wrote, unmodified, against the whole product as processes."""
