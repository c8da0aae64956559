"""Files → objects."""

import pytest

from minikweb.gitops.application import Source
from minikweb.gitops.manifests import ManifestError, kind_of, objects

CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
SECOND = CONFIG.replace(b"name: a", b"name: b")


def source(path=".", **fields):
    return Source("https://example.org/x.git", path, **fields)


def names(files, **fields):
    return [one["metadata"]["name"] for one in objects(files, source(**fields), "app", "ns")]


def test_it_works():
    files = {"web/b.yaml": SECOND, "web/a.yml": CONFIG, "web/notes.txt": b"no", "other/c.yaml": b"kind: ["}
    assert names(files, path="web") == ["a", "b"]


def test_folders_below_are_read_only_when_asked():
    files = {"a.yaml": CONFIG, "more/b.yaml": SECOND}
    assert names(files) == ["a"]
    assert names(files, directory={"recurse": True}) == ["a", "b"]
    assert names(files, directory={"recurse": True, "exclude": "{more/*,x.yaml}"}) == ["a"]
    assert names(files, directory={"recurse": True, "include": "more/*"}) == ["b"]


def test_several_documents_and_lists_are_taken_apart():
    listed = b"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n"
    assert names({"a.yaml": CONFIG + b"---\n" + SECOND + b"---\n" + listed}) == ["a", "b", "c"]


def test_a_file_may_ask_to_be_left_out():
    assert names({"a.yaml": CONFIG, "b.yaml": b"# +argocd:skip-file-rendering\nkind: {{ no }}"}) == ["a"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"x/a.yaml": CONFIG}, r"web: app path does not exist"),
        ({"web/a.yaml": b"kind: [\n"}, r"a.yaml: .*line"),
        ({"web/a.yaml": b"metadata: {name: a}"}, "a.yaml: Object 'Kind' is missing"),
        ({"web/a.yaml": b"kind: Pod\nmetadata: {name: a}"}, "a.yaml: Pod: Object 'apiVersion' is missing"),
        ({"web/a.yaml": b"apiVersion: v1\nkind: Pod"}, "a.yaml: Pod: metadata.name is missing"),
        ({"web/Chart.yaml": b"name: x"}, "a chart needs the program helm"),
    ],
)
def test_what_gives_no_objects_is_named_with_its_file(files, says):
    with pytest.raises(ManifestError, match=says):
        objects(files, source("web"), "app", "ns")


def test_the_kind_of_a_source_is_told_by_its_files():
    assert kind_of({"web/Chart.yaml": b""}, source("web")) == "Helm"
    assert kind_of({"web/kustomization.yaml": b""}, source("web")) == "Kustomize"
    assert kind_of({"web/a.yaml": b""}, source("web")) == "Directory"


def test_a_chart_is_rendered_with_its_values_in_order():
    asked = []

    def helm(words):
        asked.extend(words)
        return 0, CONFIG.decode(), ""

    files = {"chart/Chart.yaml": b"name: x", "chart/prod.yaml": b"a: 1"}
    options = {
        "valueFiles": ["prod.yaml"],
        "valuesObject": {"a": 2},
        "parameters": [{"name": "a", "value": "3"}, {"name": "b", "value": "4", "forceString": True}],
    }
    found = objects(files, source("chart", helm=options), "shop", "prod", helm)
    assert [one["kind"] for one in found] == ["ConfigMap"]
    assert asked[:2] == ["template", "shop"]
    shown = " ".join(asked)
    assert shown.index("prod.yaml") < shown.index(".minikweb-values.yaml") < shown.index("--set a=3")
    assert shown.endswith("--set-string b=4")


def test_a_value_file_outside_the_repository_is_refused():
    files = {"chart/Chart.yaml": b"name: x"}
    with pytest.raises(ManifestError, match="below the repository"):
        objects(
            files, source("chart", helm={"valueFiles": ["../../../etc/passwd"]}), "a", "b", lambda words: (0, "", "")
        )


def test_a_release_s_name_that_is_an_option_is_refused():
    options = {"releaseName": "--set-file=a=/etc/passwd"}
    with pytest.raises(ManifestError, match="^releaseName --set-file=a=/etc/passwd: "):
        objects({"chart/Chart.yaml": b"name: x"}, source("chart", helm=options), "a", "b", lambda words: (0, "", ""))


def test_a_chart_s_error_is_one_line_without_our_folder():
    def helm(words):
        return 1, "", f"Error: {words[2]}/templates/web.yaml:3:\n  bad value"

    with pytest.raises(ManifestError, match=r"^Error: chart/templates/web.yaml:3: bad value$"):
        objects({"chart/Chart.yaml": b"name: x"}, source("chart"), "a", "b", helm)
