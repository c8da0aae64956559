"""An affinity that means nothing is refused where it is written: in the scheduler it would stand in everybody's way."""

import pytest

from tests.kinds.test_podvalidation import problems

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
ODD = {"matchExpressions": [{"key": "app", "operator": "in", "values": ["web"]}]}
TERMS = [
    ({}, "topologyKey: Required value: can not be empty"),
    ({"topologyKey": "a b"}, 'topologyKey: Invalid value: "a b"'),
    ({"topologyKey": "zone", "labelSelector": ODD}, 'labelSelector.matchExpressions[0].operator: Invalid value: "in"'),
    ({"topologyKey": "zone", "namespaceSelector": ODD}, "namespaceSelector.matchExpressions[0].operator: Invalid"),
    ({"topologyKey": "zone", "namespaces": ["A"]}, 'namespaces[0]: Invalid value: "A"'),
]
PREFERENCES = [
    ({"matchExpressions": [{}]}, "matchExpressions[0].operator: Invalid value"),
    ({"matchExpressions": [{"key": "a", "operator": "Gt"}]}, "matchExpressions[0].values: Required value"),
    ({"matchFields": [{"key": "a", "operator": "In", "values": ["x"]}]}, "matchFields[0].key: Invalid value"),
    ({"matchFields": [{"key": "metadata.name", "operator": "In"}]}, "matchFields[0].values: Required value"),
    ({"matchFields": [{"key": "metadata.name"}]}, "matchFields[0].operator: Invalid value"),
]


def said(path, **affinity):
    return [each.removeprefix(f"spec.affinity.{path}") for each in problems(affinity=affinity)]


@pytest.mark.parametrize("kind", ["podAffinity", "podAntiAffinity"])
@pytest.mark.parametrize("term, why", TERMS)
def test_a_term_about_pods(kind, term, why):
    (found, *_) = said(f"{kind}.{REQUIRED}[0].", **{kind: {REQUIRED: [term]}})
    assert found.startswith(why)
    preferred = {"weight": 1, "podAffinityTerm": term}
    (found, *_) = said(f"{kind}.{PREFERRED}[0].podAffinityTerm.", **{kind: {PREFERRED: [preferred]}})
    assert found.startswith(why)


@pytest.mark.parametrize("weight", [{}, {"weight": 0}, {"weight": 101}])
def test_a_preference_about_pods_has_a_weight(weight):
    preferred = {"podAffinityTerm": {"topologyKey": "zone"}, **weight}
    (found,) = said(f"podAffinity.{PREFERRED}[0].", podAffinity={PREFERRED: [preferred]})
    assert found.startswith("weight: Invalid value") and found.endswith("must be in the range 1-100")


@pytest.mark.parametrize("term, why", PREFERENCES)
def test_a_term_about_nodes(term, why):
    (found, *_) = said(
        f"nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].", nodeAffinity={REQUIRED: {"nodeSelectorTerms": [term]}}
    )
    assert found.startswith(why)
    preferred = {"weight": 1, "preference": term}
    (found, *_) = said(f"nodeAffinity.{PREFERRED}[0].preference.", nodeAffinity={PREFERRED: [preferred]})
    assert found.startswith(why)


def test_a_spread_counts_pods_by_a_selector_that_means_something():
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": ODD}
    (found,) = problems(topologySpreadConstraints=[spread])
    assert found.startswith("spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].operator: Invalid")


def test_what_means_something_is_taken():
    term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    preferred = [{"weight": 100, "podAffinityTerm": {**term, "namespaces": ["demo"], "namespaceSelector": {}}}]
    name = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}
    affinity = {
        "podAffinity": {REQUIRED: [term], PREFERRED: preferred},
        "podAntiAffinity": {REQUIRED: [term], PREFERRED: preferred},
        "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [name]}, PREFERRED: [{"weight": 1, "preference": name}]},
    }
    assert problems(affinity=affinity) == []
