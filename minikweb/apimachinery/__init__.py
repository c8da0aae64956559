"""The grammar of any Kubernetes object, as pure functions on plain dicts.

Here live selectors, quantities, patches, server-side apply, schema checks and the errors of the API.
No function here names a kind, asks the time, or does I/O: what is needed comes as an argument.
(Kubernetes' own k8s.io/apimachinery.)
"""
