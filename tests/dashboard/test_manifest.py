"""What is shown of an object, what stays on the server, and how an edit meets a change made meanwhile."""

import base64

from minikweb.dashboard import manifest
from tests.dashboard.objects import deployment, made


def secret(**values):
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return made("Secret", "credentials", data=data)


def test_it_works():
    shown = manifest.for_edit(deployment())
    assert "status" not in shown
    assert shown["metadata"] == {"name": "web", "namespace": "demo"}


def test_the_values_of_a_secret_never_leave():
    kept = secret(password="hunter2")
    kept["metadata"]["annotations"] = {manifest.LAST_APPLIED: '{"stringData":{"password":"hunter2"}}'}
    for shown in (manifest.for_view(kept), manifest.for_edit(kept)):
        assert shown["data"] == {"password": manifest.MASK}
        assert "hunter2" not in str(shown)
    assert kept["data"]["password"] != manifest.MASK, "the cached object must stay as it is"


def test_an_untouched_mask_becomes_the_live_value_again():
    live = secret(user="admin", password="hunter2")
    edited = manifest.for_edit(live)
    edited["data"]["new"] = "bmV3"
    del edited["data"]["user"]
    assert manifest.unmasked(edited, live)["data"] == {"password": live["data"]["password"], "new": "bmV3"}


def test_a_value_typed_in_clear_replaces_the_live_one():
    live = secret(password="hunter2")
    edited = manifest.for_edit(live)
    del edited["data"]["password"]
    edited["stringData"] = {"password": "better"}
    back = manifest.unmasked(edited, live)
    assert back["stringData"] == {"password": "better"} and "password" not in back["data"]


def test_a_changed_secret_is_seen_without_being_shown():
    old, new = manifest.mask_changes(secret(password="one", same="s"), secret(password="two", same="s"))
    assert old["data"]["password"] != new["data"]["password"]
    assert old["data"]["same"] == new["data"]["same"]
    assert "two" not in str(new) and base64.b64encode(b"two").decode() not in str(new)


def test_a_value_that_is_no_text_is_said_to_be_none():
    assert manifest.decoded(base64.b64encode(b"caf\xc3\xa9").decode()) == "café"
    assert manifest.decoded(base64.b64encode(b"\xff\xfe").decode()) is None
    assert manifest.decoded("no base64") is None


TEXT = """\
apiVersion: apps/v1
spec:
  template:
    spec:
      containers:
      - name: web
        image: demo:1
      - name: side
        imagee: oops
"""


def test_a_field_is_found_in_the_text():
    assert manifest.line_of(TEXT, "spec.template.spec.containers[1].imagee") == 9
    assert manifest.line_of(TEXT, "spec.template.spec.containers[0]") == 6


def test_an_item_is_found_by_its_name():
    assert manifest.line_of(TEXT, '.spec.template.spec.containers[name="web"].image') == 7
    assert manifest.line_of(TEXT, "spec.template.spec.containers[name=side].imagee") == 9


def test_a_missing_field_is_shown_at_its_nearest_parent():
    assert manifest.line_of(TEXT, "spec.replicas") == 2
    assert manifest.line_of(TEXT, "metadata.name") is None


def test_the_field_a_message_names_is_found():
    assert manifest.fields_in('strict decoding error: unknown field "spec.template.spec.containers[1].imagee"') == [
        "spec.template.spec.containers[1].imagee"
    ]


def test_the_line_a_message_names_is_found():
    assert manifest.line_in("the text is not valid YAML: mapping values (line 3, column 9)") == 3
    assert manifest.line_in("no place") is None


def test_a_put_keeps_what_the_editor_did_not_show():
    live = deployment(metadata={"finalizers": ["x/y"], "resourceVersion": "7"})
    body = manifest.written_over(live, manifest.for_edit(live) | {"metadata": {"name": "web", "namespace": "demo"}})
    assert body["metadata"]["finalizers"] == ["x/y"]
    assert body["metadata"]["resourceVersion"] == "7"
