"""What is too long, too large, not text, or gone: every page stays a page."""

import base64
import re

import pytest

LONG = "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 61  # 253 characters, as long as a name may be


def config_map(web, name, data):
    return web.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


@pytest.mark.parametrize("path", ["/?ns={ns}&q=aaaa", "/list/configmaps/?ns={ns}", "/objects/ConfigMap/{ns}/{name}/"])
def test_a_name_of_253_characters_is_shown_whole(web, path):
    config_map(web, LONG, {"key": "value"})
    assert LONG in web.get(path.format(ns=web.namespace, name=LONG))


def test_a_config_map_as_large_as_may_be_opens_in_every_tab(web):
    config_map(web, "heavy", {"text": "all work and no play\n" * 49_900})
    for tab in ("", "yaml/", "events/", "edit/"):
        assert "all work and no play" in web.get(web.path("ConfigMap", "heavy", tab)) or tab == "events/"


def test_what_is_too_large_is_refused_in_a_sentence(web):
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: whale}\ndata:\n  text: " + "x" * 3_500_000
    answer = web.post(f"/new/?ns={web.namespace}", {"yaml": manifest, "action": "apply"})
    assert answer.status_code < 500
    assert "Traceback" not in answer.content.decode()
    assert not [one for one in web.api.list("ConfigMap", web.namespace)["items"] if one["metadata"]["name"] == "whale"]


def test_a_secret_that_is_not_text_is_told_by_its_size(web):
    data = {"key": base64.b64encode(bytes(range(256))).decode()}
    web.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "binary"}, "data": data})
    revealed = web.post(f"/secrets/{web.namespace}/binary/reveal/", {"key": "key"}).content.decode()
    assert "�" not in revealed and re.search(r"\b256\b|base64|AAEC", revealed)


def test_markup_in_what_others_write_stays_text(web):
    attack = "<script>alert(1)</script>"
    config_map(web, "innocent", {"key": attack})
    web.make(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "attack.1"},
            "involvedObject": {"kind": "ConfigMap", "name": "innocent", "namespace": web.namespace},
            "reason": attack[:60],
            "message": attack,
            "type": "Warning",
            "lastTimestamp": "2026-11-23T11:00:00Z",
        }
    )
    for path in (web.path("ConfigMap", "innocent"), f"/events/?ns={web.namespace}", f"/search/?q={attack}"):
        assert attack not in web.get(path)


def test_a_namespace_that_goes_while_one_looks_leaves_a_friendly_page(web):
    web.deployment()
    web.api.delete("Namespace", web.namespace)
    for path in (web.path("Deployment", "web"), web.path("Deployment", "web", "logs/"), f"/?ns={web.namespace}"):
        assert web.ask(path).status_code in (200, 404)
    answer = web.post(web.path("Deployment", "web", "do/restart/"), hx_request="true")
    assert answer.status_code < 500 and "Traceback" not in answer.content.decode()
