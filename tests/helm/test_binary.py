"""The helm binary, kept within its limits; the charts of the lessons, rendered."""

import subprocess
import sys

import pytest
import yaml

from minikweb import settings
from minikweb.helm import binary, chart, problems
from tests import tools

CHARTS = settings.BASE_DIR / "lessons" / "charts"
FILES = {"Chart.yaml": b"apiVersion: v2\nname: shop\nversion: 1.0.0\n"}


@pytest.fixture
def fake(tmp_path):
    """fake(script) → a program in Python that plays helm."""

    def make(script):
        path = tmp_path / "helm"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def test_it_is_found_in_path_or_said_to_be_missing(fake, tmp_path, monkeypatch):
    made = fake("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binary.find("", tmp_path / "none") == made
    monkeypatch.setenv("PATH", "")
    assert binary.find("", tmp_path) == made
    with pytest.raises(binary.NoHelm, match="no helm in PATH"):
        binary.find("", tmp_path / "none")
    with pytest.raises(binary.NoHelm, match="cannot be run"):
        binary.find(str(tmp_path / "none"), tmp_path)


def test_what_it_says_and_how_it_ends_is_told(fake):
    found = binary.run(fake("print(sys.stdin.read()); print('why', file=sys.stderr); sys.exit(3)"), [], stdin="hi")
    assert (found.code, found.output.strip(), found.error.strip(), found.is_good) == (3, "hi", "why", False)


def test_it_does_not_see_the_environment(fake, monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET", "s3cret")
    assert "s3cret" not in binary.run(fake("print(os.environ)"), []).output


def test_it_is_stopped_in_time_with_what_it_started(fake):
    found = binary.run(fake("import subprocess; subprocess.run(['sleep', '54321'])"), [], seconds=1)
    assert found.code == -1 and "more than 1 s" in found.error
    assert "54321" not in subprocess.run(["ps", "-axo", "args"], capture_output=True, text=True).stdout


def test_it_is_stopped_when_it_says_too_much(fake):
    found = binary.run(fake("sys.stdout.write('a' * 9_000_000)"), [])
    assert found.code == -1 and "more than 4 MiB" in found.error


def test_it_speaks_for_whom_it_is_told_to(fake, tmp_path):
    identity = binary.Identity(tmp_path / "kubeconfig", "student-1", ("students",), "class-1")
    said = binary.run(fake("print(sys.argv[1:])"), ["list"], identity=identity).output
    assert "'--kube-as-user', 'student-1', '--kube-as-group', 'students'" in said
    assert "'--namespace', 'class-1'" in said


# --- With the real one -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def helm():
    return tools.helm()


def render(helm, folder, *words):
    return binary.run(helm, ["template", "r", str(folder), *words])


@pytest.mark.helm
def test_our_charts_render_with_their_defaults(helm):
    for folder in sorted(path for path in CHARTS.iterdir()):
        found = render(helm, folder)
        assert found.is_good, found.error
        assert binary.run(helm, ["lint", "--strict", str(folder)]).is_good


@pytest.mark.helm
def test_the_talks_examples_work_as_written(helm):
    found = render(helm, CHARTS / "boutique", "--set", "composantA.image.tag=2,composantA.service.type=NodePort")
    objects = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(found.output) if one}
    pod = objects["Deployment", "r-composant-a"]["spec"]["template"]
    assert pod["spec"]["containers"][0]["image"] == "minikweb/demo:2"
    assert pod["metadata"]["labels"]["version"] == "1-4-2"
    assert objects["Service", "r-composant-a"]["spec"]["externalTrafficPolicy"] == "Local"
    assert "externalTrafficPolicy" not in objects["Service", "r-composant-b"]["spec"]
    assert ("Deployment", "r-cache") in objects


@pytest.mark.helm
@pytest.mark.parametrize(
    "template, line, message",
    [
        (b"a: 1\nb: {{ .Values.a.b.c }}\n", 2, "nil pointer"),
        (b"a: 1\nb: {{ foo }}\n", 2, 'function "foo" not defined'),
        (b"{{ if eq 1 1 }}\na: 1\n", 3, "unexpected EOF"),
        (b'a: 1\n\nb: {{ required "give a name" .Values.name }}\n', 3, "give a name"),
        (b'{{ define "x" }}{{ include "x" . }}{{ end }}\n{{ include "x" . }}', 2, "nested reference"),
    ],
)
def test_an_error_is_found_at_its_line(helm, tmp_path, template, line, message):
    root = chart.write({**FILES, "templates/a.yaml": template}, tmp_path)
    (found,) = problems.read(render(helm, root).error, "shop")
    assert (found.file, found.line) == ("templates/a.yaml", line)
    assert message in found.message


@pytest.mark.helm
def test_a_template_that_never_ends_is_stopped(helm, tmp_path):
    loop = b"{{ range $i := until 1000000000 }}aaaaaaaaaaaaaaa{{ end }}"
    found = render(helm, chart.write({**FILES, "templates/a.yaml": loop}, tmp_path))
    assert found.code != 0
    assert "Does a template loop?" in found.error
