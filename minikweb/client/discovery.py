"""Kinds that are not built in, as the server tells them: custom resources, and whatever a remote cluster serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikweb.apimachinery.errors import NotFound
from minikweb.kinds.registry import Custom, Kind

if TYPE_CHECKING:
    from minikweb.client.client import Client


def find(client: Client, api_version: str, name: str) -> Kind | None:
    """The kind of an object by its apiVersion and kind; None if the server has no such kind."""
    group, _, version = api_version.rpartition("/")
    if not group or not version:
        return None
    try:
        resources = client.request("GET", f"/apis/{group}/{version}").json().get("resources") or []
    except NotFound:
        return None
    for resource in resources:
        if resource["kind"] == name and "/" not in resource["name"]:
            return _kind(group, version, resource, resources)
    return None


def _kind(group: str, version: str, resource: dict[str, Any], resources: list[dict[str, Any]]) -> Kind:
    """What an APIResource says; its schema is the server's affair."""
    below = f"{resource['name']}/"
    return Kind(
        group=group,
        version=version,
        kind=resource["kind"],
        plural=resource["name"],
        singular=resource.get("singularName", ""),
        namespaced=resource["namespaced"],
        schema="",
        short_names=tuple(resource.get("shortNames") or ()),
        categories=tuple(resource.get("categories") or ()),
        verbs=tuple(resource.get("verbs") or ()),
        subresources=tuple(each["name"].removeprefix(below) for each in resources if each["name"].startswith(below)),
        custom=Custom({}, lambda obj: []),
    )
