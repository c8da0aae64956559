"""Helm's and SealedSecrets' pages in a class: everybody has their own, and sees nothing of the others'."""

import pytest

from minikweb.dashboard import cluster, drafts, helm
from minikweb.helm import release
from minikweb.people import actor
from tests.helm.test_release import CONTENT
from tests.people.conftest import (  # noqa: F401
    admin,
    cache,
    compiled,
    door,
    english,
    pages,
    server,
    unthrottled,
)
from tests.running import until


@pytest.fixture(autouse=True)
def own(settings, tmp_path):
    settings.OWN_CHARTS_DIR = tmp_path / "charts"


class Two:
    """Zoé looks; Lou has a release named secret-shop."""

    def __init__(self, door, admin):  # noqa: F811
        school_class = door.open_class()
        self.browser, self.zoe = door.student(school_class, "Zoé")
        _, self.lou = door.student(school_class, "Lou")
        for student, name in ((self.zoe, "my-shop"), (self.lou, "secret-shop")):
            content = {**CONTENT, "name": name, "namespace": student.account, "version": 1}
            labels = {"owner": "helm", "name": name, "status": "deployed", "version": "1"}
            metadata = {"name": f"sh.helm.release.v1.{name}.v1", "labels": labels}
            data = {"release": release.packed(content)}
            obj = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": release.TYPE, "data": data}
            made = admin.create(obj, namespace=student.account)
            until(
                lambda m=made: cluster.whole_cache().get("Secret", m["metadata"]["namespace"], m["metadata"]["name"]),
                name,
            )

    def get(self, path):
        answer = self.browser.get(path)
        return answer.status_code, answer.content.decode()


@pytest.fixture
def two(door, admin):  # noqa: F811
    return Two(door, admin)


def test_a_student_sees_their_own_releases_alone(two):
    status, page = two.get("/helm/")
    assert status == 200
    assert "my-shop" in page and "secret-shop" not in page


@pytest.mark.parametrize("rest", ["", "values/", "manifest/", "rollback/1/", "uninstall/"])
def test_anothers_release_cannot_be_opened(two, rest):
    status, page = two.get(f"/helm/releases/{two.lou.account}/secret-shop/{rest}")
    assert status in (403, 404)
    assert "The shop is open" not in page and "boutique" not in page


def test_what_is_written_belongs_to_who_wrote_it(two):
    two.browser.post("/helm/author/", {"name": "mine"})
    assert two.get("/helm/author/mine/")[0] == 200
    with actor.acting(two.lou.actor):
        assert drafts.names() == []
    with actor.acting(two.zoe.actor):
        assert drafts.names() == ["mine"]


@pytest.mark.parametrize("file", ["values.schema.json", "charts/below/values.schema.json"])
def test_no_schema_of_theirs_has_the_machine_of_the_pages_read_elsewhere(two, file):
    two.browser.post("/helm/author/", {"name": "mine"})
    text = '{"$ref": "file:///etc/passwd"}'
    page = two.browser.post("/helm/author/mine/save/", {"file": file, "text": text}, headers={"hx-request": "true"})
    assert "file:///etc/passwd" in page.content.decode()
    with actor.acting(two.zoe.actor):
        assert file not in drafts.files("mine")


def test_helm_speaks_for_the_student(two):
    with actor.acting(two.zoe.actor):
        words = helm.identity(two.zoe.account).words()
    assert words[words.index("--kube-as-user") + 1] == two.zoe.user


def test_the_keys_are_not_shown(two):
    status, page = two.get("/sealed/")
    assert status == 200
    assert "tls.key" not in page and "PRIVATE KEY" not in page


def test_charts_that_come_along_are_open_to_all(two, client):
    assert client.get("/charts/index.yaml").status_code == 200
    assert client.get("/helm/charts/").status_code == 302  # to the sign-in
