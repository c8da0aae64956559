"""What every namespace has from its birth: the ServiceAccount `default` and the CA that pods verify the API with.

Source: kubernetes/pkg/controller/serviceaccount/serviceaccounts_controller.go and
kubernetes/pkg/controller/certificates/rootcacertpublisher/publisher.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from minikweb import settings
from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import AlreadyExists, ApiError, NotFound
from minikweb.client.controller import Controller
from minikweb.controllers import podcontrol

Object = dict[str, Any]

ACCOUNT = "default"
ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class ServiceAccountController(Controller):
    """Gives each namespace its default ServiceAccount and the cluster's CA, also again."""

    name = "serviceaccount"
    kind = "Namespace"
    needs = ("ServiceAccount", "ConfigMap")

    ca_file: Path = settings.DATA_DIR / "pki" / "ca.crt"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """A new namespace, and one that loses one of the two or has it changed."""
        if kind == self.kind and new and old is None:
            yield f"/{new['metadata']['name']}"
        if kind in self.needs and old and old["metadata"]["name"] in (ACCOUNT, ROOT_CA):
            yield f"/{old['metadata']['namespace']}"

    def sync(self, _: str, name: str) -> None:
        namespace = self.cache.get(self.kind, None, name)
        if namespace is None or meta.is_being_deleted(namespace):
            return
        if self.cache.get("ServiceAccount", name, ACCOUNT) is None:
            self.create(default_account(name))
        if not self.ca_file.exists():
            return  # an API without a CA of ours
        wanted = root_ca(name, self.ca_file.read_text())
        found = self.cache.get("ConfigMap", name, ROOT_CA)
        if found is None:
            self.create(wanted)
        elif found.get("data") != wanted["data"]:
            with suppress(NotFound):
                self.client.update({**found, "data": wanted["data"]})

    def create(self, obj: Object) -> None:
        try:
            self.client.create(obj)
        except AlreadyExists:
            return
        except ApiError as error:
            if not podcontrol.is_namespace_terminating(error):
                raise


def default_account(namespace: str) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": namespace}}


def root_ca(namespace: str, certificate: str) -> Object:
    """The ConfigMap with the cluster's CA (PEM)."""
    metadata = {"name": ROOT_CA, "namespace": namespace, "annotations": {"kubernetes.io/description": DESCRIPTION}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": certificate}}
