"""What the controller brings along: Argo CD's definitions, its namespace and the project that allows everything.

Source: github.com/argoproj/argo-cd/manifests/crds (names, scopes, columns; the schemas are open here)
"""

from __future__ import annotations

from typing import Any

from minikweb.gitops.application import API_VERSION, GROUP, NAMESPACE, VERSION
from minikweb.kinds.customresourcedefinitions import PRESERVE

Object = dict[str, Any]

LABELS = {"app.kubernetes.io/managed-by": "minikweb", "app.kubernetes.io/part-of": "argocd"}
DEFINITION = f"applications.{GROUP}"
PROJECT = "default"


def objects() -> list[Object]:
    """What has to be there, in this order."""
    return [namespace(), applications(), projects(), default_project()]


def namespace() -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": dict(LABELS)}}


def applications() -> Object:
    columns = [
        {"name": "Sync Status", "type": "string", "jsonPath": ".status.sync.status"},
        {"name": "Health Status", "type": "string", "jsonPath": ".status.health.status"},
        {"name": "Revision", "type": "string", "jsonPath": ".status.sync.revision", "priority": 10},
        {"name": "Project", "type": "string", "jsonPath": ".spec.project", "priority": 10},
    ]
    anything = {"type": "object", PRESERVE: True}
    schema = {
        "type": "object",
        "description": "A set of objects that git describes.",
        "required": ["metadata", "spec"],
        "properties": {"spec": _application_spec(), "operation": anything, "status": anything},
    }
    return _definition("Application", "applications", ["app", "apps"], schema, columns)


def _application_spec() -> Object:
    """The fields people type are checked and explained; the rest is kept as it is."""
    text, anything = {"type": "string"}, {"type": "object", PRESERVE: True}
    source = {
        "type": "object",
        "description": "where the objects come from",
        "required": ["repoURL"],
        PRESERVE: True,
        "properties": {
            "repoURL": {**text, "description": "URL of a git repository or of a Helm repository"},
            "path": {**text, "description": "the folder in the git repository"},
            "targetRevision": {**text, "description": "branch, tag, commit or HEAD"},
            "chart": {**text, "description": "name of the chart, for a Helm repository"},
            "helm": anything,
            "directory": anything,
            "kustomize": anything,
        },
    }
    destination = {
        "type": "object",
        "description": "where the objects go",
        "properties": {
            "server": {**text, "description": "https://kubernetes.default.svc for this cluster"},
            "name": {**text, "description": "in-cluster for this cluster"},
            "namespace": {**text, "description": "of objects that name none"},
        },
    }
    return {
        "type": "object",
        "required": ["destination", "project"],
        PRESERVE: True,
        "properties": {
            "project": {**text, "description": "the AppProject that says what it may do; default allows everything"},
            "source": source,
            "sources": {"type": "array", "items": source},
            "destination": destination,
            "syncPolicy": anything,
            "ignoreDifferences": {"type": "array", "items": anything},
            "revisionHistoryLimit": {"type": "integer", "format": "int64"},
        },
    }


def projects() -> Object:
    anything = {"type": "object", PRESERVE: True}
    schema = {
        "type": "object",
        "description": "What a group of Applications may do.",
        "properties": {"spec": anything, "status": anything},
    }
    return _definition("AppProject", "appprojects", ["appproj", "appprojs"], schema, [])


def default_project() -> Object:
    everything = {"group": "*", "kind": "*"}
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [everything],
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": {"name": PROJECT, "namespace": NAMESPACE},
        "spec": spec,
    }


def _definition(kind: str, plural: str, short: list[str], schema: Object, columns: list[Object]) -> Object:
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower(), "shortNames": short}
    version: Object = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if columns:
        version["additionalPrinterColumns"] = columns
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "labels": dict(LABELS)},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }
