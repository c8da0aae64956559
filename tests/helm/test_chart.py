"""The files of a chart, and a folder of charts as a repository."""

import io
import tarfile
from datetime import UTC, datetime

import pytest
import yaml

from minikweb import settings
from minikweb.helm import chart, repository

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ABOUT = b"apiVersion: v2\nname: shop\nversion: 1.0.0\n"
FILES = {"Chart.yaml": ABOUT, "values.yaml": b"a: 1\n", "templates/a.yaml": b"{{ .Values.a }}"}


def packed(**members):
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def test_an_archive_is_read_as_it_was_made():
    assert chart.read_archive(chart.archive(FILES)) == FILES


def test_the_same_files_give_the_same_archive():
    assert chart.archive(FILES) == chart.archive(dict(reversed(FILES.items())))


def test_what_chart_yaml_says():
    about = chart.about({"Chart.yaml": ABOUT + b'appVersion: "2"\ndescription: A shop\n'})
    assert (about.name, about.version, about.app_version, about.description) == ("shop", "1.0.0", "2", "A shop")


@pytest.mark.parametrize(
    "text, why",
    [
        (None, "Chart.yaml file is missing"),
        (b"name: [", "Chart.yaml: "),
        (b"version: 1.0.0", "name is required"),
        (b"name: shop\nversion: 1.0", "version is required, as a text"),
        (b"name: ../shop\nversion: 1.0.0", "no name of a chart"),
        (b"\xff", "Chart.yaml: "),
    ],
)
def test_a_chart_yaml_that_lacks_something_says_what(text, why):
    with pytest.raises(chart.NotAChart, match=why):
        chart.about({} if text is None else {"Chart.yaml": text})


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", "", "a//b", ".git/config", "a\n", "x" * 300])
def test_a_name_that_leads_out_is_refused(name, tmp_path):
    with pytest.raises(chart.NotAChart):
        chart.write({**FILES, name: b""}, tmp_path)
    assert list(tmp_path.rglob("*")) == []


def test_an_archive_that_leads_out_is_refused():
    with pytest.raises(chart.NotAChart):
        chart.read_archive(packed(**{"shop/../../../etc/passwd": b""}))


def test_too_much_is_refused():
    with pytest.raises(chart.NotAChart, match="at most 200 files"):
        chart.checked({f"a{number}": b"" for number in range(201)})
    with pytest.raises(chart.NotAChart, match="2 MiB"):
        chart.checked({"a": b" " * (3 << 20)})
    with pytest.raises(chart.NotAChart, match="unpacks to more"):
        chart.read_archive(packed(**{"shop/a": b" " * (3 << 20)}))


@pytest.mark.parametrize("content", [b"", b"no archive", chart.archive(FILES)[:40]])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(chart.NotAChart):
        chart.read_archive(content)


def test_links_in_a_folder_are_not_followed(tmp_path):
    root = chart.write(FILES, tmp_path)
    (root / "templates" / "secret").symlink_to("/etc/passwd")
    assert chart.read_folder(root) == FILES


# --- A folder of charts -----------------------------------------------------------------------------------


def made(folder, name, version):
    files = {**FILES, "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n".encode()}
    chart.write(files, folder / f"{name}-{version}").rename(folder / f"{name}_{version}")
    (folder / f"{name}-{version}").rmdir()


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ('{"$ref": "http://127.0.0.1:8000/x"}', "http://127.0.0.1:8000/x"),
        ('{"properties": {"a": {"\\u0024ref": "file:///etc/passwd"}}}', "file:///etc/passwd"),
        ('{"anyOf": [{"$ref": ""}, {"$ref": "../other.json"}]}', "../other.json"),
        ('{"$schema": "http://json-schema.org@example.com/x"}', "http://json-schema.org@example.com/x"),
        ('{"$ref": "http://a", "$ref": "#"}', "http://a"),
        ('{"maximum": ' + "9" * 5000 + ', "$dynamicRef": "x.json"}', "x.json"),
        ("[" * 100_000, "…"),
        ('{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a"}', ""),
        ('{"$ref": "http', ""),
    ],
    ids=lambda value: value[:40],
)
def test_a_schema_that_has_helm_read_elsewhere_is_told(schema, place):
    assert chart.leads_out(schema) == place


def test_a_folder_of_charts_is_a_repository(tmp_path):
    for version in ("1.0.0", "1.10.0", "1.2.0", "2.0.0-rc.1"):
        made(tmp_path, "shop", version)
    (tmp_path / "no-chart").mkdir()
    found = repository.entries([tmp_path])
    assert [entry.about.version for entry in found] == ["2.0.0-rc.1", "1.10.0", "1.2.0", "1.0.0"]
    index = yaml.safe_load(repository.index(found, NOW))
    assert index["apiVersion"] == "v1"
    assert index["entries"]["shop"][1]["urls"] == ["shop-1.10.0.tgz"]
    assert len(index["entries"]["shop"][1]["digest"]) == 64


def test_a_chart_is_found_by_name_and_version(tmp_path):
    made(tmp_path, "shop", "1.0.0")
    made(tmp_path, "shop", "2.0.0")
    found = repository.entries([tmp_path])
    assert repository.find(found, "shop").about.version == "2.0.0"
    assert repository.find(found, "shop", "1.0.0").about.version == "1.0.0"
    assert repository.find(found, "shop", "3.0.0") is None


def test_one_broken_chart_leaves_the_others_alone(tmp_path):
    made(tmp_path, "shop", "1.0.0")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "Chart.yaml").write_text("name: [")
    assert [entry.about.name for entry in repository.entries([tmp_path, tmp_path / "absent"])] == ["shop"]


def test_the_charts_that_come_along_are_served():
    found = repository.entries([settings.BASE_DIR / "lessons" / "charts"])
    assert {"hello", "boutique"} <= {entry.about.name for entry in found}
    assert repository.find(found, "hello").about.version == "0.2.0"
