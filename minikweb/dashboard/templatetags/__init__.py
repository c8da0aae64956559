"""Template tags of all pages: `{% load minikweb %}`."""
