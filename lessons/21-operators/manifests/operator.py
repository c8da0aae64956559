"""An operator: each Website gets a Deployment, and keeps it."""

import os

import kopf
from kubernetes import client, config

GROUP = os.environ["GROUP"]


@kopf.on.startup()
def connect(**_):
    config.load_kube_config()


def wanted(name, spec):
    """The Deployment that a Website asks for."""
    labels = {"website": name}
    container = {"name": "web", "image": spec["image"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def reconcile(website):
    """Brings what is there to what is wanted; does nothing where they agree."""
    name, namespace = website["metadata"]["name"], website["metadata"]["namespace"]
    deployment = wanted(name, website["spec"])
    kopf.append_owner_reference(deployment, owner=website)
    try:
        client.AppsV1Api().patch_namespaced_deployment(name, namespace, deployment)
    except client.ApiException as error:
        if error.status != 404:
            raise
        client.AppsV1Api().create_namespaced_deployment(namespace, deployment)


@kopf.on.event(GROUP, "v1", "websites")
def website_changed(event, body, **_):
    if event["type"] != "DELETED":
        reconcile(body)


@kopf.on.event("apps", "v1", "deployments", labels={"website": kopf.PRESENT})
def deployment_changed(labels, namespace, **_):
    try:
        website = client.CustomObjectsApi().get_namespaced_custom_object(
            GROUP, "v1", namespace, "websites", labels["website"]
        )
    except client.ApiException:
        return  # its Website is gone: the garbage collector takes the Deployment
    reconcile(website)
