"""A kopf operator in the manner of kopf's first examples: results, children, updates, fields, retries, clean-up."""

import kopf
from kubernetes import client, config


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_):
    settings.posting.loggers = True  # what handlers log becomes Events
    config.load_kube_config()


@kopf.on.create("sea.example.com", "v1", "ships")
def launch(spec, name, namespace, logger, **_):
    """What it returns is written into the status."""
    labels = {"ship": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "demo", "image": "minikweb/demo:1"}]}}
    child = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{name}-crew"},
        "spec": {"replicas": spec["crew"], "selector": {"matchLabels": labels}, "template": template},
    }
    kopf.adopt(child)
    made = client.AppsV1Api().create_namespaced_deployment(namespace, child)
    logger.info("launched with a crew of %s", spec["crew"])
    return {"crew": made.metadata.name}


@kopf.on.field("sea.example.com", "v1", "ships", field="spec.crew")
def hire(old, new, name, namespace, **_):
    if old is not None:
        client.AppsV1Api().patch_namespaced_deployment(f"{name}-crew", namespace, {"spec": {"replicas": new}})


@kopf.on.update("sea.example.com", "v1", "ships")
def refit(diff, patch, **_):
    patch.status["changes"] = len(diff)


@kopf.on.create("sea.example.com", "v1", "ships", annotations={"stormy": kopf.PRESENT})
def weather(retry, **_):
    """Fails once: kopf tries again and remembers its progress in the object."""
    if not retry:
        raise kopf.TemporaryError("the sea is rough", delay=0.5)
    return "calm"


@kopf.on.delete("sea.example.com", "v1", "ships")
def scuttle(name, namespace, **_):
    metadata = client.V1ObjectMeta(name=f"{name}-wreck")
    client.CoreV1Api().create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
