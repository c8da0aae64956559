"""What the controller brings along, and how it knows the original.

The Service has no pods: the API server's proxy finds the socket of server.py. The names are the original's, but for the
Role and its binding, which Helm would refuse to take over when the original's chart is installed.
Source: sealed-secrets' controller.jsonnet, helm/sealed-secrets, schema-v1alpha1.yaml.
"""

from __future__ import annotations

from typing import Any

from minikweb.kinds.customresourcedefinitions import PRESERVE
from minikweb.sealing.keys import NAMESPACE
from minikweb.sealing.sealedsecret import GROUP, KIND, VERSION

Object = dict[str, Any]

PLURAL = "sealedsecrets"
DEFINITION = f"{PLURAL}.{GROUP}"
NAME, PORT, PORT_NAME = "sealed-secrets-controller", 8080, "http"
PROXIERS = "minikweb-sealed-secrets-service-proxier"
HEIR = "helm"  # whose fields they are: the original's chart applies the same objects, and must not meet a conflict
LABELS = {"app.kubernetes.io/managed-by": "minikweb", "name": NAME}
GATHERED = "minikweb-sealed-secrets"
READ = ("get", "list", "watch")
ORIGINALS = ("sealed-secrets-controller", "sealed-secrets")  # the last part of its image's name


def is_original(deployment: Object) -> bool:
    """Whether a Deployment runs the original controller."""
    containers = deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ()
    images = (container.get("image", "").partition("@")[0].rpartition("/")[2] for container in containers)
    return any(image.partition(":")[0] in ORIGINALS for image in images)


def is_ours(service: Object) -> bool:
    """Whether the Service is the one without pods that we made."""
    labels = service["metadata"].get("labels") or {}
    return labels.get("app.kubernetes.io/managed-by") == "minikweb" and not service["spec"].get("selector")


def objects() -> list[Object]:
    """What has to be there, in this order."""
    return [definition(), service(), role(), role_binding(), *cluster_roles()]


def service() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": dict(LABELS)},
        "spec": {"ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT}]},
    }


def role() -> Object:
    """What everybody with an identity may do: fetch the certificate, check and re-encrypt. It shows no secret."""
    names = [f"http:{NAME}:", f"http:{NAME}:{PORT_NAME}", NAME]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": PROXIERS, "namespace": NAMESPACE, "labels": dict(LABELS)},
        "rules": [
            {"apiGroups": [""], "resources": ["services"], "resourceNames": [NAME], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["services/proxy"], "resourceNames": names, "verbs": ["create", "get"]},
        ],
    }


def cluster_roles() -> list[Object]:
    """Who may see or edit what is in a namespace may do so with its SealedSecrets: the default roles gather these."""
    verbs = {"view": READ, "edit": (*READ, "create", "delete", "deletecollection", "patch", "update")}
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {
                "name": f"{GATHERED}-{to}",
                "labels": {**LABELS, f"rbac.authorization.k8s.io/aggregate-to-{to}": "true"},
            },
            "rules": [{"apiGroups": [GROUP], "resources": [PLURAL], "verbs": sorted(may)}],
        }
        for to, may in verbs.items()
    ]


def role_binding() -> Object:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": PROXIERS, "namespace": NAMESPACE, "labels": dict(LABELS)},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": PROXIERS},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": "system:authenticated"}],
    }


def definition() -> Object:
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    status = {"name": "Status", "type": "string", "jsonPath": ".status.conditions[0].message"}
    synced = {"name": "Synced", "type": "string", "jsonPath": ".status.conditions[0].status"}
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [status, synced, age],
        "schema": {"openAPIV3Schema": _schema()},
    }
    names = {"kind": KIND, "listKind": f"{KIND}List", "plural": PLURAL, "singular": "sealedsecret"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": DEFINITION, "labels": dict(LABELS)},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _schema() -> Object:
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    metadata = {"type": "object", "nullable": True, PRESERVE: True, "description": "metadata of the Secret"}
    template = {
        "type": "object",
        "description": "what the unsealed Secret looks like, without its values",
        "properties": {
            "metadata": metadata,
            "type": {"type": "string", "description": "type of the Secret, such as kubernetes.io/tls"},
            "immutable": {"type": "boolean", "description": "whether the Secret can be changed once it is made"},
            "data": {**texts, "nullable": True, "description": "texts to fill with the unsealed values"},
        },
    }
    sealed = {**texts, PRESERVE: True, "description": "entry → sealed value, base64"}
    return {
        "type": "object",
        "description": "a Secret that can be committed: only the controller of this cluster can read it",
        "required": ["spec"],
        "properties": {
            "spec": {
                "type": "object",
                "required": ["encryptedData"],
                "properties": {
                    "encryptedData": sealed,
                    "template": template,
                    "data": {"type": "string", "format": "byte", "description": "the form of before 2019"},
                },
            },
            "status": _status_schema(),
        },
    }


def _status_schema() -> Object:
    text, moment = {"type": "string"}, {"type": "string", "format": "date-time"}
    condition = {
        "type": "object",
        "required": ["type", "status"],
        "properties": {
            "type": {**text, "description": "Synced"},
            "status": {**text, "description": "True, False or Unknown"},
            "message": {**text, "description": "why it is not so"},
            "reason": text,
            "lastUpdateTime": moment,
            "lastTransitionTime": moment,
        },
    }
    return {
        "type": "object",
        "properties": {
            "observedGeneration": {"type": "integer", "format": "int64"},
            "conditions": {"type": "array", "items": condition},
        },
    }
