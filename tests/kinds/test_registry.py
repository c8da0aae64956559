"""Look-ups over all kinds."""

from __future__ import annotations

import pytest

from minikweb.kinds.registry import SUBRESOURCES, Kind, Registry, builtin
from tests.kinds.testdata import REGISTRY

WIDGET = Kind("example.com", "v1", "Widget", "widgets", True, "")


def test_it_works():
    assert REGISTRY.at("apps", "v1", "deployments").kind == "Deployment"
    assert REGISTRY.of("v1", "Pod").plural == "pods"


@pytest.mark.parametrize("name", ["Deployment", "deployments", "deploy", "deployments.apps", "deployment"])
def test_users_name_kinds_in_many_ways(name):
    assert REGISTRY.named(name).kind == "Deployment"


def test_core_wins_a_tie():
    assert REGISTRY.named("events").api_version == "v1"
    assert REGISTRY.named("events.events.k8s.io").api_version == "events.k8s.io/v1"


def test_nothing_has_no_name():
    assert REGISTRY.named("whales") is None
    assert REGISTRY.of("v1", "Whale") is None


def test_kinds_come_and_go_and_the_generation_tells():
    registry = Registry([WIDGET])
    before = registry.generation
    registry.remove(WIDGET)
    assert registry.all() == []
    assert registry.generation > before


def test_a_kind_that_is_only_a_body_is_known_but_not_served():
    assert REGISTRY.of("autoscaling/v1", "Scale").virtual
    assert REGISTRY.at("autoscaling", "v1", "scales") is None
    assert "v1" not in REGISTRY.groups()["autoscaling"]


def test_paths():
    assert WIDGET.path() == "/apis/example.com/v1/widgets"
    assert WIDGET.path("demo", "a", "status") == "/apis/example.com/v1/namespaces/demo/widgets/a/status"
    assert REGISTRY.of("v1", "Node").path("demo", "n") == "/api/v1/nodes/n"


def test_every_subresource_is_known_and_its_body_can_be_decoded():
    for kind in builtin().all():
        for name in kind.subresources:
            found = SUBRESOURCES[name]
            if found.kind and not found.kind.endswith("Options"):
                assert REGISTRY.of(found.api_version or kind.api_version, found.kind)
