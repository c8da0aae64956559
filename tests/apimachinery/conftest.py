"""The real schemas of Kubernetes, as they come in the package kubernetes-validate."""

import json
from importlib.resources import files

import pytest

from minikweb.apimachinery.schema import Definitions


@pytest.fixture(scope="session")
def definitions():
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / "v1.37.0-local"
    text = (folder / "_definitions.json").read_text().replace("#/$defs/", "#/components/schemas/")
    components = json.loads(text)["$defs"]
    for kind in ("ContainerPort", "ServicePort"):  # the package leaves defaults out
        components[f"io.k8s.api.core.v1.{kind}"]["properties"]["protocol"]["default"] = "TCP"
    return Definitions(components)


@pytest.fixture(scope="session")
def deployment_schema(definitions):
    return definitions.of("io.k8s.api.apps.v1.Deployment")


@pytest.fixture(scope="session")
def pod_schema(definitions):
    return definitions.of("io.k8s.api.core.v1.Pod")
