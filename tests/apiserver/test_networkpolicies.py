"""What the API takes for a NetworkPolicy."""

import pytest

from tests.apiserver.api import TABLE

POLICIES = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"


def policy(**spec):
    return {"metadata": {"name": "x"}, "spec": {"podSelector": {"matchLabels": {"app": "db"}}, **spec}}


def test_it_works(api):
    answer = api.post(POLICIES, policy(ingress=[{"ports": [{"port": 80}]}]))
    assert answer.status == 201
    assert "warning" not in answer.headers
    assert answer.json["spec"]["policyTypes"] == ["Ingress"]
    assert answer.json["spec"]["ingress"][0]["ports"] == [{"port": 80, "protocol": "TCP"}]
    assert api.get(f"{POLICIES}/x", accept=TABLE).json["rows"][0]["cells"] == ["x", "app=db", "0s"]


def test_a_policy_with_ways_out_is_about_both_directions_unless_it_says_otherwise(api):
    assert api.make(POLICIES, policy(egress=[{}]))["spec"]["policyTypes"] == ["Ingress", "Egress"]
    other = {**policy(policyTypes=["Egress"]), "metadata": {"name": "y"}}
    assert api.make(POLICIES, other)["spec"]["policyTypes"] == ["Egress"]


def block(cidr, *excepted):
    return {"from": [{"ipBlock": {"cidr": cidr, "except": list(excepted)}}]}


@pytest.mark.parametrize(
    "spec, field, words",
    [
        ({"policyTypes": ["Both"]}, "policyTypes[0]", "Unsupported value"),
        ({"podSelector": {"matchLabels": {"a b": "c"}}}, "podSelector.matchLabels", "Invalid value"),
        ({"ingress": [{"from": [{}]}]}, "ingress[0].from[0]", "must specify a peer"),
        (
            {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
            "ingress[0].from[0]",
            "may not specify both ipBlock and another peer",
        ),
        ({"ingress": [block("10.0.0.300/8")]}, "ingress[0].from[0].ipBlock.cidr", "valid CIDR"),
        ({"ingress": [block("10.0.0.1")]}, "ingress[0].from[0].ipBlock.cidr", "valid CIDR"),
        ({"ingress": [block("10.0.0.0/8", "11.0.0.0/16")]}, "ipBlock.except[0]", "strict subset"),
        ({"ingress": [block("10.0.0.0/8", "10.0.0.0/8")]}, "ipBlock.except[0]", "strict subset"),
        ({"egress": [{"ports": [{"port": 70000}]}]}, "egress[0].ports[0].port", "between 1 and 65535"),
        ({"egress": [{"ports": [{"port": "-x"}]}]}, "egress[0].ports[0].port", "hyphen"),
        ({"egress": [{"ports": [{"port": 90, "endPort": 80}]}]}, "ports[0].endPort", "greater than or equal"),
        ({"egress": [{"ports": [{"port": "http", "endPort": 80}]}]}, "ports[0].endPort", "non-numeric"),
        ({"egress": [{"ports": [{"endPort": 80}]}]}, "ports[0].endPort", "`port` is not specified"),
        (
            {"egress": [{"to": [{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}]}]},
            "egress[0].to[0].namespaceSelector.matchExpressions[0].operator",
            "not a valid selector operator",
        ),
    ],
)
def test_what_no_node_could_enforce_is_refused(api, spec, field, words):
    answer = api.post(POLICIES, policy(**spec))
    assert answer.status == 422, answer.text
    assert field in answer.message
    assert words in answer.message
