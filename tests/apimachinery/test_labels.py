import pytest

from minikweb.apimachinery import labels
from minikweb.apimachinery.errors import BadRequest

WEB = {"app": "web", "tier": "front", "weight": "5"}


def test_it_works():
    assert labels.parse_selector("app=web,tier in (front, back)").matches(WEB)


@pytest.mark.parametrize(
    "text",
    [
        "", "app", "app=web", "app==web", "app!=db", "missing!=db", "!missing", "tier in (front,back)",
        "tier notin (back)", "missing notin (back)", "weight>4", "weight<6", " app = web , tier ", "app in (web)",
    ],
)  # fmt: skip
def test_it_selects(text):
    assert labels.parse_selector(text).matches(WEB)


@pytest.mark.parametrize(
    "text",
    ["missing", "app=db", "app!=web", "!app", "tier in (back)", "tier notin (front)", "weight>5", "app<3", "app="],
)
def test_it_leaves_out(text):
    assert not labels.parse_selector(text).matches(WEB)


@pytest.mark.parametrize(
    "text", ["app=web,", ",", "a in b", "a=b=c", "a in (b", "-a=b", "a>b", "a=" + "x" * 64, "a b", "=", "a=(b)"]
)
def test_it_rejects_malformed_selectors(text):
    with pytest.raises(BadRequest, match="unable to parse requirement"):
        labels.parse_selector(text)


def test_it_reads_a_label_selector():
    selector = labels.from_label_selector(
        {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    )
    assert selector.matches(WEB)
    assert not selector.matches({"app": "web"})
    assert selector.requirements == (("app", "In", ("web",)), ("tier", "Exists", ()))


def test_an_empty_label_selector_selects_all_and_none_selects_nothing():
    assert labels.from_label_selector({}).matches(WEB)
    assert not labels.from_label_selector(None).matches(WEB)


@pytest.mark.parametrize(
    "expression",
    [
        {"key": "a", "operator": "in"},
        {"key": "a", "operator": "In"},
        {"key": "a", "operator": "Exists", "values": ["b"]},
    ],
)
def test_it_rejects_a_wrong_expression(expression):
    with pytest.raises(BadRequest):
        labels.from_label_selector({"matchExpressions": [expression]})


@pytest.mark.parametrize("text", ["a=b", "a!=b", "a", "!a", "a in (b,c)", "a notin (b,c)", "a>1", "a=b,!c"])
def test_what_it_writes_it_reads_back(text):
    selector = labels.parse_selector(text)
    assert str(selector) == text
    assert labels.parse_selector(str(selector)) == selector


def test_it_names_what_is_wrong_with_a_label():
    assert labels.validate_key("example.com/app") == []
    assert "name part must be non-empty" in labels.validate_key("example.com/")
    assert "prefix part must be non-empty" in labels.validate_key("/app")
    assert labels.validate_key("a/b/c") and labels.validate_key("-app") and labels.validate_key("a" * 64)
    assert labels.validate_value("") == []
    assert labels.validate_value("-a") and labels.validate_value("a" * 64) and labels.validate_value("a\n")
