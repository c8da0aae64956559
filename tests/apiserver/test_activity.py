"""/activity: who wrote what, for those who may list it."""

import json

from tests.apiserver.api import CONFIG_MAPS, PODS, config_map, pod
from tests.apiserver.test_rbac import READ_PODS, ROLES, USER_ADA, bind

KUBECTL = "kubectl/v1.37.1 (linux/amd64) kubernetes/f78e722"


def items(api, query="", **options):
    return api.get(f"/activity?{query}", **options).json["items"]


def named(found):
    return [item["object"]["metadata"]["name"] for item in found]


def test_it_works(api):
    api.post(CONFIG_MAPS, config_map("settings"), user_agent=KUBECTL)
    api.patch(f"{CONFIG_MAPS}/settings", {"data": {"colour": "green"}})
    made, changed = items(api)[-2:]
    assert (made["type"], made["user"], made["verb"], made["manager"]) == ("ADDED", "alice", "create", "kubectl")
    assert made["agent"].startswith("kubectl/v1.37") and made["old"] is None
    assert (changed["apiVersion"], changed["resource"]) == ("v1", "configmaps")
    assert changed["object"]["data"]["colour"] == "green" and "colour" not in (changed["old"].get("data") or {})


def test_only_what_came_later_is_told_and_only_the_last(api):
    for name in ("a", "b", "c"):
        api.make(CONFIG_MAPS, config_map(name))
    revision = items(api)[-2]["revision"]
    assert named(items(api, f"after={revision}")) == ["c"]
    assert named(items(api, "limit=2")) == ["b", "c"]
    assert api.get(f"/activity?after={revision + 1}").json["items"] == []


def test_one_namespace_is_told_with_its_own_birth(api):
    api.make("/api/v1/namespaces", {"metadata": {"name": "demo"}})
    api.make("/api/v1/namespaces/demo/configmaps", config_map("there"))
    api.make(CONFIG_MAPS, config_map("here"))
    assert named(items(api, "namespace=demo"))[-2:] == ["demo", "there"]
    assert "here" not in named(items(api, "namespace=demo"))


def test_a_deletion_is_told_with_its_author(api):
    api.make(CONFIG_MAPS, config_map("settings"))
    api.delete(f"{CONFIG_MAPS}/settings")
    assert (items(api)[-1]["type"], items(api)[-1]["verb"]) == ("DELETED", "delete")


def test_nobody_sees_what_he_may_not_list(api):
    api.make(CONFIG_MAPS, config_map("hidden"))
    api.make(PODS, pod("shown"))
    ada = {"token": api.issuer.issue("ada", ["dev"])}
    assert items(api, **ada) == []
    api.make(ROLES, {"metadata": {"name": "reader"}, "rules": [READ_PODS]})
    bind(api, "reader", USER_ADA, kind="Role")
    assert named(items(api, **ada)) == ["shown"]


def test_it_is_only_read_and_asks_for_sensible_numbers(api):
    assert api.post("/activity", {}).status == 405
    for query in ("limit=0x", "limit=-1", "limit=5000", "after=-1"):
        assert api.get(f"/activity?{query}").status == 400, query
    assert json.loads(api.get("/activity").text)["kind"] == "Activity"
