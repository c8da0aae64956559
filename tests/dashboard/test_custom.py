"""Custom resources in the pages: their tree, lists and panels."""

import pytest

from minikweb.dashboard import customkinds, live
from minikweb.dashboard.tree import Tree, entry
from minikweb.kinds.registry import Health
from tests.dashboard.test_charts import words
from tests.dashboard.web import reference, template
from tests.running import until

GROUP = "pages.example.com"


def definition(kind="Website", scope="Namespaced", **version):
    plural = kind.lower() + "s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    column = {"name": "Host", "type": "string", "jsonPath": ".spec.host"}
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, **version}
    version = {"schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": [column], **version}
    names = {"plural": plural, "kind": kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": scope, "names": names, "versions": [version]},
    }


def website(name="shop", **more):
    metadata = {"name": name, **more.pop("metadata", {})}
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Website",
        "metadata": metadata,
        "spec": {"host": "shop.localhost"},
        **more,
    }


@pytest.fixture
def sites(web, cache):
    """The kind Website is known to the pages; gone after the test."""
    live.hub()
    web.api.create(definition())
    until(lambda: cache.client.registry.named("Website"), "the kind")
    yield web
    for one in web.api.list(web.api.kind_of(website()))["items"]:
        web.api.delete(web.api.kind_of(website()), one["metadata"]["name"], one["metadata"]["namespace"])
    web.api.patch("CustomResourceDefinition", f"websites.{GROUP}", {"metadata": {"finalizers": None}})
    web.api.delete("CustomResourceDefinition", f"websites.{GROUP}")
    web.api.patch("CustomResourceDefinition", f"websites.{GROUP}", {"metadata": {"finalizers": None}})
    until(lambda: cache.client.registry.named("Website") is None, "its end")


def make(web, status=None, **more):
    made = web.api.create(website(**more), namespace=web.namespace)
    if status:
        kind = web.api.kind_of(made)
        patch = {"status": status}
        made = web.api.patch(kind, made["metadata"]["name"], patch, web.namespace, subresource="status")
    until(lambda: found(web, made["metadata"]["name"]), "the entry")
    return made


def found(web, name):
    return next((e for e in live.hub().tree().entries.values() if (e.namespace, e.name) == (web.namespace, name)), None)


def test_it_works(sites):
    made = make(sites)
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "shop"}}, "template": template("shop", "demo:1")}
    metadata = {"name": "shop-web", "ownerReferences": [reference(made)]}
    sites.make({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    sites.make(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "name": "shop-service"},
            "spec": {"ports": [{"port": 80}]},
        }
    )
    until(lambda: found(sites, "shop-service"), "the Service in the tree")
    page = words(sites.get(f"/?ns={sites.namespace}").partition('id="rows"')[2])
    assert page.index("Website") < page.index("shop-web") < page.index("shop-service")
    panel = sites.get(sites.path("Website", "shop"))
    assert "Made from it" in panel and "shop-web" in panel and "shop.localhost" in panel


def test_its_list_has_its_own_columns(sites):
    make(sites)
    page = sites.get(f"/list/websites.{GROUP}/?ns={sites.namespace}")
    assert "Host" in page and "shop.localhost" in page
    assert f"/list/websites.{GROUP}/" in sites.get("/events/")  # in the menu


def test_a_condition_that_does_not_hold_is_its_health(sites):
    condition = {"type": "Ready", "status": "False", "reason": "NoHost", "message": "the host is taken"}
    make(sites, {"conditions": [condition]})
    until(lambda: found(sites, "shop").health == "Degraded", "its health")
    panel = sites.get(sites.path("Website", "shop"))
    assert "NotReady" in panel and "the host is taken" in panel


def test_who_reconciled_it_is_named(sites):
    make(sites, {"phase": "Ready"})
    page = sites.get(sites.path("Website", "shop"))
    assert "Reconciled by" in page
    assert "Nobody has reacted" not in page


def test_one_that_nobody_looks_after_says_so(sites):
    make(sites)
    assert "Is its operator running?" in sites.get(sites.path("Website", "shop"))


def test_definitions_have_a_list(sites):
    assert f"websites.{GROUP}" in sites.get("/list/customresourcedefinitions/")


def test_a_kind_that_kubernetes_has_keeps_its_pages(sites, cache):
    sites.api.create(definition("Service"))
    try:
        assert sites.get("/list/services/")
        assert cache.client.registry.named("Service").group == ""
    finally:
        sites.api.delete("CustomResourceDefinition", f"services.{GROUP}")
        sites.api.patch("CustomResourceDefinition", f"services.{GROUP}", {"metadata": {"finalizers": None}})


# --- Pure --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status, expected",
    [
        ({}, ("Healthy", "")),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, ("Healthy", "Ready")),
        ({"conditions": [{"type": "Ready", "status": "False", "reason": "R"}]}, ("Degraded", "NotReady")),
        ({"conditions": [{"type": "Synced", "status": "Unknown"}]}, ("Progressing", "Progressing")),
        ({"conditions": [{"type": "Stalled", "status": "True"}]}, ("Degraded", "Stalled")),
        ({"conditions": [{"type": "Odd", "status": "False"}], "phase": "Pending"}, ("Progressing", "Pending")),
        ({"phase": "Running"}, ("Healthy", "Running")),
        ({"phase": "Failed"}, ("Degraded", "Failed")),
        ({"phase": "SomethingElse"}, ("Healthy", "SomethingElse")),
        ({"observedGeneration": 1, "phase": "Ready"}, ("Progressing", "Progressing")),
        ({"conditions": "odd", "phase": 3}, ("Healthy", "")),
    ],
)  # fmt: skip
def test_health_is_read_from_what_controllers_usually_write(status, expected):
    health = customkinds.health({"metadata": {"generation": 2}, "status": status})
    assert (health.status, health.word) == expected


def test_owners_in_a_circle_do_no_harm():
    def one(uid, owner):
        refs = [{"controller": True, "uid": owner, "kind": "Website", "name": owner}]
        return {**website(uid), "metadata": {"name": uid, "namespace": "a", "uid": uid, "ownerReferences": refs}}

    entries = [
        entry(one(uid, owner), lambda _: Health("Healthy")) for uid, owner in (("x", "y"), ("y", "x"), ("z", "z"))
    ]
    tree = Tree(entries)
    (root,) = tree.namespaces
    assert sorted(below.name for below in tree.below(root)) == ["x", "y", "z"]
    assert [list(tree.above(each.id))[-1].kind for each in entries] == ["Namespace"] * 3


def test_reconcilers_are_those_who_write_the_status_or_hold_it():
    def write(manager, at, **more):
        return {"manager": manager, "time": at, **more}

    obj = {"metadata": {"managedFields": [
        write("kubectl", "2026-01-01T00:00:00Z", fieldsV1={"f:spec": {}}),
        write("website-operator", "2026-01-02T00:00:00Z", subresource="status", fieldsV1={"f:status": {}}),
        write("kopf", "2026-01-03T00:00:00Z", fieldsV1={"f:metadata": {"f:finalizers": {}}}),
    ]}}  # fmt: skip
    assert [who for who, _ in customkinds.reconcilers(obj)] == ["kopf", "website-operator"]
