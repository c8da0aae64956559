"""An operator for Websites: each becomes a Deployment, a Service and, if it has a host, an Ingress.

From a laptop:  pip install kopf kubernetes && kopf run operator.py --all-namespaces
In the cluster: see rbac.yaml and deployment.yaml
"""

import threading
from contextlib import suppress
from datetime import UTC, datetime

import kopf
from kubernetes import client, config, dynamic

GROUP, VERSION, PLURAL = "web.example.com", "v1", "websites"
NAME = "website-operator"  # how it signs what it writes


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, memo: kopf.Memo, **_):
    """Who are we? In a pod its ServiceAccount, on a laptop the current context of the kubeconfig."""
    try:
        config.load_incluster_config()
    except config.ConfigException:
        config.load_kube_config()
    memo.api = dynamic.DynamicClient(client.ApiClient())
    settings.posting.loggers = True  # what handlers log becomes Events of the object


@kopf.on.resume(GROUP, VERSION, PLURAL)
@kopf.on.create(GROUP, VERSION, PLURAL)
@kopf.on.update(GROUP, VERSION, PLURAL)
def reconcile(name, namespace, spec, memo, patch, meta, logger, **_):
    """Makes what is there what is asked for. It may run at any time, and twice: the result is the same."""
    for child in wanted(name, spec):
        kopf.adopt(child)  # the owner's name on it: it ends with the Website
        apply(memo.api, namespace, child)
    if not spec.get("host"):
        remove(memo.api, namespace, ingress(name, "none"))
    patch.status["observedGeneration"] = meta["generation"]
    logger.info("%s replicas say %r", spec["replicas"], spec["greeting"])


@kopf.on.event("apps", "v1", "deployments", labels={"website": kopf.PRESENT})
def observe(event, body, namespace, memo, **_):
    """The Deployment has moved: the Website's status says so."""
    if event["type"] == "DELETED":
        return
    ready, asked = body.get("status", {}).get("readyReplicas", 0), body["spec"]["replicas"]
    condition = {
        "type": "Ready",
        "status": "True" if ready == asked else "False",
        "reason": "AllPodsReady" if ready == asked else "WaitingForPods",
        "message": f"{ready} of {asked} pods are ready",
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    status = {"readyReplicas": ready, "conditions": [condition]}
    kind = kind_of(memo.api, f"{GROUP}/{VERSION}", "Website")
    with suppress(dynamic.exceptions.NotFoundError):  # it may just be ending
        kind.status.patch(
            body={"status": status},
            name=body["metadata"]["labels"]["website"],
            namespace=namespace,
            content_type="application/merge-patch+json",
            field_manager=NAME,
        )


# --- What a Website is made of ------------------------------------------------------------------------------


def wanted(name, spec):
    children = [deployment(name, spec), service(name)]
    return children + ([ingress(name, spec["host"])] if spec.get("host") else [])


def deployment(name, spec):
    labels = {"website": name}
    container = {
        "name": "web",
        "image": spec["image"],
        "env": [{"name": "GREETING", "value": spec["greeting"]}],
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": spec["replicas"],
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def service(name):
    port = {"name": "http", "port": 80, "targetPort": "http"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"website": name}},
        "spec": {"selector": {"website": name}, "ports": [port]},
    }


def ingress(name, host):
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "labels": {"website": name}},
        "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]},
    }


# --- Writing ------------------------------------------------------------------------------------------------


_asking = threading.Lock()  # handlers run in threads, and what the client learns of the API is not made for several


def kind_of(api, api_version, kind):
    with _asking:
        return api.resources.get(api_version=api_version, kind=kind)


def apply(api, namespace, child):
    """Server-side apply: creates it, or changes only the fields that are ours."""
    kind = kind_of(api, child["apiVersion"], child["kind"])
    name = child["metadata"]["name"]
    kind.server_side_apply(body=child, name=name, namespace=namespace, field_manager=NAME, force_conflicts=True)


def remove(api, namespace, child):
    kind = kind_of(api, child["apiVersion"], child["kind"])
    with suppress(dynamic.exceptions.NotFoundError):
        kind.delete(name=child["metadata"]["name"], namespace=namespace)
