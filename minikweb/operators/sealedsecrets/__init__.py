"""What sealed-secrets-controller does, with its own names, so that an unmodified kubeseal does not see a difference.

installation.py  what it brings along: definition, Service, who may reach it
controller.py    keys made and renewed; each SealedSecret becomes its Secret
plan.py          pure: what may be written over, and what the status says
server.py        /v1/cert.pem, /v1/verify and /v1/rotate, behind the Service through the API server's proxy

Source: github.com/bitnami-labs/sealed-secrets v0.32.2, pkg/controller, controller.jsonnet.
"""
