"""What helm says, found in the chart. The texts are those of helm 4.3."""

import pytest

from minikweb.helm import problems

NIL = """Error: shop/templates/service.yaml:16:10
  executing "shop/templates/service.yaml" at <.Values.a.b.c>:
    nil pointer evaluating interface {}.b

Use --debug flag to render out invalid YAML
"""
INCLUDE = """Error: shop/templates/tests/a.yaml:16:3
  executing "shop/templates/tests/a.yaml" at <include "nope" .>:
    error calling include:
template: no template "nope" associated with template "gotpl"
"""


@pytest.mark.parametrize(
    "said, file, line, rendered, message",
    [
        (NIL, "templates/service.yaml", 16, None, "<.Values.a.b.c>: nil pointer evaluating interface {}.b"),
        (INCLUDE, "templates/tests/a.yaml", 16, None, 'no template "nope"'),
        (
            'Error: parse error at (shop/templates/service.yaml:16): function "foo" not defined\n',
            "templates/service.yaml", 16, None, 'function "foo" not defined',
        ),
        (
            "Error: execution error at (shop/templates/service.yaml:16:3): give a name\n",
            "templates/service.yaml", 16, None, "give a name",
        ),
        (
            "Error: YAML parse error on shop/templates/service.yaml: error converting YAML to JSON: yaml: line 21: "
            "mapping values are not allowed in this context\n",
            "templates/service.yaml", None, 21, "mapping values are not allowed in this context",
        ),
        (
            "Error: cannot load values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: "
            "line 162: did not find expected node content\n",
            "values.yaml", 162, None, "did not find expected node content",
        ),
        ('Error: validation: chart.metadata.version "abc" is invalid\n', "Chart.yaml", None, None, "is invalid"),
        (
            "Error: parse error at (shop/charts/db/templates/a.yaml:2): unexpected EOF",
            "charts/db/templates/a.yaml", 2, None, "unexpected EOF",
        ),
        ("Error: something new", "", None, None, "something new"),
    ],
)  # fmt: skip
def test_it_works(said, file, line, rendered, message):
    (found,) = problems.read(said, "shop")
    assert (found.file, found.line, found.rendered) == (file, line, rendered)
    assert message in found.message


def test_values_against_the_schema_name_their_fields():
    said = """Error: values don't meet the specifications of the schema(s) in the following chart(s):
shop:
- at '/replicaCount': maximum: got 9, want 3
- at '/image/tag': got number, want string
"""
    found = problems.read(said, "shop")
    assert [(one.file, one.field, one.message) for one in found] == [
        ("values.yaml", "replicaCount", "maximum: got 9, want 3"),
        ("values.yaml", "image.tag", "got number, want string"),
    ]


def test_a_message_that_repeats_itself_is_cut():
    call = 'error calling include: template: shop/templates/a.yaml:16:19: executing "x" at <include "x" .>: '
    said = 'Error: template: shop/templates/a.yaml:16:47: executing "shop/templates/a.yaml" at <include "x" .>: '
    said += call * 900 + "error calling include: rendering template has a nested reference name: x"
    (found,) = problems.read(said, "shop")
    assert found.line == 16 and len(found.message) < 300
    assert "nested reference name" in found.message


def test_advice_names_its_file():
    said = "[WARNING] templates/a.yaml: extensions/v1beta1 Ingress is deprecated\n[INFO] Chart.yaml: icon\n"
    (found,) = problems.advice(said)
    assert (found.file, found.message) == ("templates/a.yaml", "extensions/v1beta1 Ingress is deprecated")


def test_nothing_said_is_no_problem():
    assert problems.read("", "shop") == []
