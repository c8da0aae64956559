import pytest

from minikweb.apiserver.bootstrap import bootstrap
from minikweb.store.database import StoreUnavailable

NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"]


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/readyz/ping", "/readyz/etcd"])
def test_it_is_well(api, path):
    answer = api.get(path)

    assert (answer.status, answer.text, answer.headers["content-type"]) == (200, "ok", "text/plain; charset=utf-8")


def test_it_says_what_it_checked(api):
    assert api.get("/readyz?verbose").text == "[+]ping ok\n[+]etcd ok\nreadyz check passed\n"


def test_it_is_not_ready_without_its_store_but_alive(api, monkeypatch):
    def broken():
        raise StoreUnavailable("no disk")

    monkeypatch.setattr(api.storage, "ping", broken)

    assert api.get("/readyz").status == 503
    assert api.get("/livez").status == 200


def test_it_names_its_version(api):
    assert api.get("/version", token="").json["gitVersion"].startswith("v1.37.")


def test_it_lists_its_paths(api):
    paths = api.get("/").json["paths"]

    assert {"/api/v1", "/apis/apps/v1", "/readyz", "/openapi/v3"} <= set(paths)


def test_what_a_client_knows_is_not_sent_again(api):
    answer = api.get("/apis")

    again = api.get("/apis", if_none_match=answer.headers["etag"])

    assert (again.status, again.text) == (304, "")
    assert again.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1", "/apis/apps/v1", "/apis/apps", "/openapi/v3"])
def test_it_describes_itself(api, path):
    assert api.get(path).status == 200


def test_every_cluster_has_its_namespaces(api):
    assert [item["metadata"]["name"] for item in api.get("/api/v1/namespaces").json["items"]] == NAMESPACES


def test_a_second_start_makes_nothing_twice(api):
    before = api.storage.hub.revision

    bootstrap(api.server, api.now)

    assert api.storage.hub.revision == before
