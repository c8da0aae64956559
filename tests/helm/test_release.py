"""Releases as Helm keeps them."""

import base64

import pytest

from minikweb.helm import release

CONTENT = {
    "name": "shop",
    "namespace": "demo",
    "version": 3,
    "info": {"status": "deployed", "last_deployed": "2026-11-23T11:00:00Z", "notes": "The shop is open"},
    "chart": {
        "metadata": {"name": "boutique", "version": "1.0.0", "appVersion": 2},
        "values": {"replicas": 1},
        "schema": base64.b64encode(b"{}").decode(),
        "templates": [{"name": "templates/a.yaml", "data": ""}],
    },
    "config": {"replicas": 2},
    "manifest": "---\n# Source: a\nkind: Service\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {name: b}\n",
    "hooks": [{"name": "ask", "kind": "Pod", "events": ["test"], "last_run": {"phase": "Succeeded"}}],
}  # fmt: skip


def secret(content=None, **changes):
    content = {**CONTENT, **(content or {})}
    found = {"metadata": {"name": f"sh.helm.release.v1.{content['name']}.v{content['version']}", "namespace": "demo"}}
    return {**found, "type": release.TYPE, "data": {"release": release.packed(content)}, **changes}


def test_it_works():
    found = release.read(secret())
    assert (found.name, found.namespace, found.revision, found.status) == ("shop", "demo", 3, "deployed")
    assert (found.chart, found.version, found.app_version) == ("boutique", "1.0.0", "2")
    assert (found.given, found.defaults, found.notes) == ({"replicas": 2}, {"replicas": 1}, "The shop is open")
    assert found.health == "Healthy"
    assert [(hook.name, hook.events, hook.phase) for hook in found.hooks] == [("ask", ("test",), "Succeeded")]


def test_its_objects_are_read_from_the_manifest():
    found = release.objects(CONTENT["manifest"] + "---\n: no yaml [\n---\n# nothing\n")
    assert [(one["kind"], one["metadata"]["name"]) for one in found] == [("Service", "a"), ("Pod", "b")]


def test_the_last_revision_of_each_release_is_found_whatever_the_order():
    secrets = [secret({"version": number, "name": name}) for number in (2, 10, 9) for name in ("b", "a")]
    assert [(one.name, one.revision) for one in release.latest(secrets)] == [("a", 10), ("b", 10)]
    assert [one.revision for one in release.revisions(secrets) if one.name == "a"] == [10, 9, 2]


@pytest.mark.parametrize(
    "data, why",
    [
        ({}, "no entry `release`"),
        ({"release": "no base64"}, "cannot be read"),
        ({"release": base64.b64encode(base64.b64encode(b"{}")).decode()}, "something else"),
        ({"release": base64.b64encode(base64.b64encode(b"\x1f\x8bnothing")).decode()}, "cannot be read"),
        ({"release": release.packed({"a": " " * (release.MOST_BYTES + 1)})}, "more than 32 MiB"),
    ],
)
def test_what_is_no_release_says_why(data, why):
    with pytest.raises(release.NotARelease, match=why):
        release.read(secret(data=data))


def test_what_is_no_release_hides_no_other():
    assert len(release.latest([secret(), secret(data={}), secret(type="Opaque")])) == 1
