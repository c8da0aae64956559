"""client-go: how everyone but the API server itself speaks to the API.

The client (HTTP with keep-alive; in-process for tests), the informer, the work queue, the base of controllers,
the event recorder and leases. Nothing here knows what a controller does.
"""
