"""The pages of Helm's releases. The releases are Secrets as Helm writes them."""

import pytest

from minikweb.dashboard import helm, releases
from minikweb.helm import binary, problems, release
from tests.dashboard.test_charts import words
from tests.helm.test_release import CONTENT

MANIFEST = """---
# Source: shop/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  colour: {colour}
---
# Source: shop/templates/b.yaml
apiVersion: v1
kind: Secret
metadata:
  name: token
stringData:
  token: {token}
  other: |
    several
    lines
type: Opaque
"""


@pytest.fixture
def shop(web):
    """A release with two revisions, whose ConfigMap is in the cluster and whose Secret is not."""
    for number, (status, colour, token) in enumerate(
        [("superseded", "blue", "s3cret-1"), ("deployed", "red", "s3cret-2")], 1
    ):
        content = {
            **CONTENT,
            "name": "shop",
            "namespace": web.namespace,
            "version": number,
            "info": {**CONTENT["info"], "status": status},
            "config": {"colour": colour},
            "manifest": MANIFEST.format(colour=colour, token=token),
        }
        labels = {"owner": "helm", "name": "shop", "status": status, "version": str(number)}
        metadata = {"name": f"sh.helm.release.v1.shop.v{number}", "labels": labels}
        data = {"release": release.packed(content)}
        web.make({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": release.TYPE, "data": data})
    web.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "red"}})
    return web


def place(web, rest=""):
    return f"/helm/releases/{web.namespace}/shop/{rest}"


def test_it_works(shop):
    page = shop.get(f"/helm/?ns={shop.namespace}")
    assert f'href="{place(shop)}"' in page
    assert "boutique 1.0.0" in page
    assert "deployed" in page and "superseded" not in page


def test_a_namespace_without_releases_says_what_to_do(web):
    page = web.get(f"/helm/?ns={web.namespace}")
    assert "No release here." in page and "/helm/charts/" in page


def test_its_objects_are_shown_as_they_are_in_the_cluster(shop):
    page = shop.get(place(shop))
    assert f'href="/objects/ConfigMap/{shop.namespace}/settings/"' in page
    assert "It is not in the cluster." in page  # the Secret
    assert "The shop is open" in page


def test_objects_that_carry_its_label_are_found_in_the_tree(shop):
    labelled = MANIFEST.replace("name: settings", "name: settings\n  labels: {app.kubernetes.io/instance: shop}")
    found = release.Release("shop", "default", 1, "deployed", manifest=labelled)
    assert releases.selector(found) == "app.kubernetes.io/instance=shop"
    assert "Show them in the tree" not in shop.get(place(shop))


def test_an_object_of_a_release_leads_to_it(shop):
    annotations = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": shop.namespace}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    shop.patch("ConfigMap", "settings", {"metadata": {"annotations": annotations, "labels": labels}})
    assert f'href="{place(shop)}"' in shop.get(shop.path("ConfigMap", "settings"))


def test_values_given_and_computed_are_shown(shop):
    page = shop.get(place(shop, "values/"))
    assert "colour: red" in page and "replicas: 1" in page
    assert "helm get values shop" in words(page)


def test_no_secret_reaches_the_page(shop):
    for tab in ("", "manifest/", "history/", "rollback/1/", "uninstall/"):
        assert "s3cret" not in shop.get(place(shop, tab)), tab


def test_revisions_are_compared(shop):
    page = shop.get(place(shop, "history/"))
    assert "From revision 1 to 2" in page
    assert "colour: blue" in page and "colour: red" in page
    assert "Changed too, and hidden here:" in page
    assert f'href="{place(shop, "rollback/1/")}"' in page


def test_an_earlier_revision_says_that_it_is_one(shop):
    assert "An earlier revision; now it is 2." in shop.get(place(shop, "values/?revision=1"))


def test_a_rollback_shows_what_would_change_and_the_command(shop):
    page = shop.get(place(shop, "rollback/1/"))
    assert "helm rollback shop 1" in words(page)
    assert "a new revision with the content of the old one" in page


def test_an_uninstall_wants_the_name_typed(shop, monkeypatch):
    monkeypatch.setattr(helm, "uninstall", lambda *arguments: pytest.fail("it was done"))
    answer = shop.post(place(shop, "uninstall/"), {"name": "shopp"})
    assert answer.status_code == 422
    assert "Type the name of the release" in answer.content.decode()


def test_what_helm_refuses_is_told(shop, monkeypatch):
    def refuse(*arguments):
        raise helm.Failed(problems.read("Error: another operation is in progress", "shop"))

    monkeypatch.setattr(helm, "rollback", refuse)
    answer = shop.post(place(shop, "rollback/1/"))
    assert answer.status_code == 422
    assert "another operation is in progress" in answer.content.decode()


def test_without_the_program_reading_works_and_the_reason_is_said(shop, monkeypatch):
    def none():
        raise binary.NoHelm("there is no helm in PATH")

    monkeypatch.setattr(helm, "program", none)
    assert "there is no helm in PATH" in shop.get(f"/helm/?ns={shop.namespace}")
    assert "there is no helm in PATH" in shop.post(place(shop, "rollback/1/")).content.decode()


@pytest.mark.parametrize("path", ["/helm/releases/nowhere/nothing/", "/helm/releases/default/x/odd/"])
def test_what_does_not_exist_is_a_404(web, path):
    assert web.ask(path).status_code == 404


def test_a_revision_that_does_not_exist_cannot_be_gone_back_to(shop):
    assert shop.ask(place(shop, "rollback/7/")).status_code == 404
    assert shop.ask(place(shop, "rollback/2/")).status_code == 404  # the one that is there


# --- Pure ----------------------------------------------------------------------------------------------------


def test_values_of_secrets_are_hidden_and_nothing_else():
    shown = releases.shown_manifest(MANIFEST.format(colour="red", token="s3cret"))
    assert "s3cret" not in shown and "several" not in shown
    assert "colour: red" in shown and "name: token" in shown and "type: Opaque" in shown
    assert shown.count("---") == 2


@pytest.mark.parametrize(
    "line",
    [
        "data: {token: s3cret}",
        'stringData: {"token": "s3cret"}',
        "data:\n    token: s3cret",
        'stringData:\n  "token": s3cret',
    ],
)
def test_however_they_are_written(line):
    assert "s3cret" not in releases.shown_manifest(f"kind: Secret\nmetadata:\n  name: a\n{line}\n")
