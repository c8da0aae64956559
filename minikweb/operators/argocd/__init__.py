"""What argocd-application-controller does: an Application's objects are what git says.

controller.py     who is to be looked at, and the loop: refresh → compare → plan → synchronise
installation.py   the definitions, the namespace and the default project it brings along
live.py           the objects that are there: read, tried, applied, deleted
operation.py      one synchronisation, a step at a time, its state in status.operationState
status.py         what is written into status (pure)
"""
