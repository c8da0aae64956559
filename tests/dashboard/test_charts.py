"""The local chart repository, and charts written in the pages."""

import re

import pytest
import yaml

from minikweb.dashboard import drafts, templatewords
from minikweb.helm import chart
from tests import tools


@pytest.fixture(autouse=True)
def own(settings, tmp_path):
    """The reader's charts are in a folder of the test's own."""
    settings.OWN_CHARTS_DIR = tmp_path / "charts"
    settings.CACHE_DIR = tools.folder()
    return settings


@pytest.fixture
def helm():
    """The real one is there."""
    return tools.helm()


def words(page):
    """A page without its tags."""
    return re.sub(r"<[^>]*>", "", page)


# --- The repository ----------------------------------------------------------------------------------------


def test_it_works(web):
    index = yaml.safe_load(web.get("/charts/index.yaml"))
    newest = index["entries"]["hello"][0]
    assert newest["version"] == "0.2.0"
    answer = web.ask(f"/charts/{newest['urls'][0]}")
    assert answer.status_code == 200
    assert chart.about(chart.read_archive(answer.content)).version == "0.2.0"


@pytest.mark.parametrize("name", ["nothing-1.0.0.tgz", "..%2F..%2Fetc.tgz", "hello-9.9.9.tgz"])
def test_an_archive_that_is_not_there_is_a_404(web, name):
    assert web.ask(f"/charts/{name}").status_code == 404


def test_ones_own_charts_are_served_where_one_works_alone(web, own):
    drafts.create("mine")
    assert "mine" in yaml.safe_load(web.get("/charts/index.yaml"))["entries"]
    own.SIGN_IN = True
    assert "mine" not in yaml.safe_load(web.get("/charts/index.yaml"))["entries"]


def test_the_charts_are_listed_with_the_way_a_terminal_gets_them(web):
    page = web.get("/helm/charts/")
    assert "/helm/charts/boutique/" in page
    assert "helm repo add minikweb http://testserver/charts" in words(page)


def test_a_chart_shows_its_values_to_edit(web):
    page = web.get("/helm/charts/hello/?version=0.1.0")
    assert "greeting: Bonjour" in page and "The chart brings a schema" in page


def test_a_chart_that_is_not_there_is_a_404(web):
    assert web.ask("/helm/charts/nothing/").status_code == 404


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"values": "replicas: ["}, "Helm refuses."),
        ({"name": "Not A Name"}, "Name: "),
        ({"namespace": "Not One"}, "Namespace: "),
        ({"values": "- a\n- b"}, "values are one map"),
    ],
)
def test_what_cannot_be_sent_says_why(web, changes, expected):
    form = {"name": "shop", "namespace": "default", "values": "", "action": "check", **changes}
    assert expected in web.post("/helm/charts/hello/", form).content.decode()


# --- Writing one -------------------------------------------------------------------------------------------


def test_a_new_chart_begins_with_the_talks_example(web):
    answer = web.post("/helm/author/", {"name": "mine"})
    assert answer.status_code == 302
    assert b"composantA" in drafts.files("mine")["values.yaml"]
    assert chart.about(drafts.files("mine")).name == "mine"


def test_a_new_chart_may_begin_with_one_that_is_there(web):
    web.post("/helm/author/", {"name": "mine", "source": "boutique"})
    assert "charts/cache/Chart.yaml" in drafts.files("mine")


@pytest.mark.parametrize("name", ["", "../x", "My Chart", "a" * 60, "-a"])
def test_a_name_that_is_none_is_refused(web, name):
    assert "small letters" in web.post("/helm/author/", {"name": name}).content.decode()
    assert drafts.names() == []


def test_two_charts_do_not_have_one_name(web):
    drafts.create("mine")
    assert "of that name already" in web.post("/helm/author/", {"name": "mine"}).content.decode()


@pytest.mark.parametrize("file", ["../x", "/etc/passwd", "templates", "values.yaml/x", ""])
def test_a_file_that_leads_out_is_refused(web, file):
    drafts.create("mine")
    before = drafts.files("mine")
    assert web.post("/helm/author/mine/change/", {"action": "add", "file": file}).status_code == 422
    assert drafts.files("mine") == before


def test_files_come_and_go(web):
    drafts.create("mine")
    web.post("/helm/author/mine/change/", {"action": "add", "file": "templates/b.yaml"})
    assert "templates/b.yaml" in drafts.files("mine")
    web.post("/helm/author/mine/change/", {"action": "remove", "file": "templates/b.yaml"})
    assert "templates/b.yaml" not in drafts.files("mine")
    web.post("/helm/author/mine/change/", {"action": "delete"})
    assert drafts.names() == []


def test_too_much_is_refused(web):
    drafts.create("mine")
    answer = web.post("/helm/author/mine/save/", {"file": "big", "text": "a" * 600_000}, **{"HX-Request": "true"})
    assert "512 KiB" in answer.content.decode()
    assert "big" not in drafts.files("mine")


def test_a_chart_of_nobody_is_a_404(web):
    assert web.ask("/helm/author/nothing/").status_code == 404


def save(web, text, file="templates/composantA-pod.yaml"):
    return web.post("/helm/author/mine/save/", {"file": file, "text": text}, **{"HX-Request": "true"}).content.decode()


@pytest.mark.helm
def test_what_is_typed_is_rendered(web, helm):
    drafts.create("mine")
    page = web.get("/helm/author/mine/?file=templates/composantA-pod.yaml")
    assert "image: &quot;minikweb/demo:1&quot;" in page
    answer = save(web, "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.composantA.image.tag }}\n")
    assert "name: example-1" in answer and "It renders." in answer


@pytest.mark.helm
@pytest.mark.parametrize(
    "text, line, message",
    [
        ("a: 1\nb: {{ .Values.a.b }}\n", 2, "nil pointer"),
        ("a: 1\n\nb: {{ foo }}\n", 3, "not defined"),
    ],
)
def test_an_error_is_shown_at_its_line(web, helm, text, line, message):
    drafts.create("mine")
    answer = save(web, text)
    assert message in answer
    assert f'data-mark="text" data-line="{line}"' in answer
    assert f"?file=templates/composantA-pod.yaml&amp;line={line}" in answer


@pytest.mark.helm
def test_what_is_no_yaml_is_marked_in_what_is_rendered(web, helm):
    drafts.create("mine")
    answer = save(web, "# {{ .Release.Name }}\na: 1\n  b: : 2\n")
    assert "mapping values are not allowed" in answer
    assert 'class="row wrong"' in answer


@pytest.mark.helm
def test_what_helm_lint_advises_is_told(web, helm):
    drafts.create("mine")
    answer = save(web, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad_Name\n")
    assert "helm lint advises" in answer and "naming requirements" in answer


@pytest.mark.helm
def test_a_wrong_chart_yaml_is_named(web, helm):
    drafts.create("mine")
    assert "Chart.yaml" in save(web, "name: mine\n", file="Chart.yaml")
    assert web.ask("/helm/author/mine/").status_code == 200


# --- What the words mean (pure) ----------------------------------------------------------------------------

TEMPLATE = """a: {{ .Values.a | default "range" | quote }}
{{- /* with nothing */}}
{{- range $i := .Values.list }}
b: {{ include "mine.if" $ }}
{{- end }}
not: in an action
"""


def test_words_are_explained_where_they_are_used():
    found = {word.name: word.lines for word in templatewords.explained(TEMPLATE)}
    assert found == {
        ".Values": (1, 3),
        "default": (1,),
        "quote": (1,),
        "range": (3,),
        "include": (4,),
        "end": (5,),
    }
