"""Which files volumes have, where containers see them, and what is said when they cannot be had."""

import base64

import pytest

from minikweb.kubelet import volumes
from minikweb.kubelet.volumes import MountFailed, Sources
from minikweb.runtime.protocol import File, Mount
from tests.kubelet.conftest import Node, container, pod


def obj(kind, name, **data):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "data": data}


def base(text):
    return base64.b64encode(text.encode()).decode()


def sources(*objects):
    found = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    return Sources(
        lambda kind, name: found.get((kind, name)),
        lambda pod, wanted: f"token for {wanted.get('audience', 'the API')}",
        {"allocatable.cpu": "4", "allocatable.memory": "8Gi"},
    )


def of(volume, *objects, **fields):
    """The volume of a pod that has this one."""
    (made,) = volumes.of_pod(pod(volumes=[{"name": "v", **volume}], **fields), sources(*objects))
    return made


def test_an_empty_directory():
    assert of({"emptyDir": {}}) == volumes.Volume("v")
    memory = of({"emptyDir": {"medium": "Memory", "sizeLimit": "2Mi"}})
    assert (memory.memory, memory.size, memory.files) == (True, 2 << 20, None)


def test_a_config_map_gives_a_file_per_key():
    settings = obj("ConfigMap", "c", a="1") | {"binaryData": {"b": base("2")}}
    made = of({"configMap": {"name": "c", "defaultMode": 0o400}}, settings)
    assert made.files == {"a": File(b"1", 0o400), "b": File(b"2", 0o400)}


def test_items_choose_keys_paths_and_modes():
    items = [{"key": "a", "path": "x/y", "mode": 0o600}]
    assert of({"secret": {"secretName": "s", "items": items}}, obj("Secret", "s", a=base("1"), b=base("2"))).files == {
        "x/y": File(b"1", 0o600)
    }


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "no"}}, 'configmap "no" not found'),
        ({"secret": {"secretName": "no"}}, 'secret "no" not found'),
        (
            {"configMap": {"name": "c", "items": [{"key": "k", "path": "k"}]}},
            "configmap default/c references non-existent config key: k",
        ),
        (
            {"secret": {"secretName": "s", "items": [{"key": "k", "path": "k"}]}},
            "references non-existent secret key: k",
        ),
    ],
)
def test_what_is_missing_is_said_in_kubernetes_words(volume, message):
    with pytest.raises(MountFailed) as failed:
        of(volume, obj("ConfigMap", "c", a="1"), obj("Secret", "s", a=base("1")))
    assert str(failed.value) == f'MountVolume.SetUp failed for volume "v" : {message}'
    ((kind, fields),) = volume.items()
    optional = of({kind: {**fields, "optional": True}}, obj("ConfigMap", "c", a="1"), obj("Secret", "s", a=base("1")))
    assert optional.files == {}


def test_the_downward_api_tells_a_pod_about_itself():
    items = [
        {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}},
        {"path": "cpu", "resourceFieldRef": {"containerName": "app", "resource": "limits.cpu"}},
    ]
    made = of({"downwardAPI": {"items": items}})
    assert made.files == {"name": File(b"web"), "cpu": File(b"4")}


def test_the_volume_of_a_service_account():
    volume = {
        "projected": {
            "defaultMode": 0o644,
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
            ],
        }
    }
    made = of(volume, obj("ConfigMap", "kube-root-ca.crt", **{"ca.crt": "PEM"}))
    assert {path: file.data for path, file in made.files.items()} == {
        "token": b"token for the API",
        "ca.crt": b"PEM",
        "namespace": b"default",
    }


def test_mounts_parts_and_copies():
    mounts = [
        {"name": "work", "mountPath": "/work"},
        {"name": "work", "mountPath": "/mine", "subPathExpr": "of/$(WHO)", "readOnly": True},
        {"name": "etc", "mountPath": "/etc/settings"},
        {"name": "etc", "mountPath": "/etc/one.conf", "subPath": "one"},
    ]
    app = container(volumeMounts=mounts, env=[{"name": "WHO", "value": "me"}])
    web = pod(containers=[app], volumes=[{"name": "work", "emptyDir": {}}, {"name": "etc", "configMap": {"name": "c"}}])
    made = volumes.of_pod(web, sources(obj("ConfigMap", "c", one="1")))
    assert made[0].parts == ("of/me",)
    mounted, copies = volumes.mounts(web, app, made, {"WHO": "me"})
    assert mounted == (
        Mount("work", "/work"),
        Mount("work", "/mine", read_only=True, part="of/me"),
        Mount("etc", "/etc/settings", read_only=True),
    )
    assert copies == {"/etc/one.conf": File(b"1")}


def test_a_pod_waits_for_a_config_map_that_is_missing(node):
    web = pod(volumes=[{"name": "etc", "configMap": {"name": "settings"}}])
    assert node.run(web) == 1
    assert node.status(web)["phase"] == "Pending"
    assert node.container(web)["state"]["waiting"]["reason"] == "ContainerCreating"
    why = 'MountVolume.SetUp failed for volume "etc" : configmap "settings" not found'
    assert node.recorded.said("FailedMount") == [why]
    node.api.add(obj("ConfigMap", "settings", a="1"))
    node.sync(web)
    assert node.status(web)["phase"] == "Running"


class Updated:
    """Notes which volumes are written anew."""

    def __init__(self, node):
        self.volumes = []
        node.kubelet.volumes.follows = True
        node.runtime.update_volume = lambda sandbox_id, volume: self.volumes.append(volume)


def test_a_change_is_written_once(node):
    updated = Updated(node)
    node.api.add(obj("ConfigMap", "settings", a="1"))
    web = pod(volumes=[{"name": "etc", "configMap": {"name": "settings"}}, {"name": "work", "emptyDir": {}}])
    node.run(web)
    node.kubelet.volumes.refresh()
    assert updated.volumes == []
    node.api.add(obj("ConfigMap", "settings", a="2"))
    node.kubelet.volumes.refresh()
    node.kubelet.volumes.refresh()
    assert [one.files for one in updated.volumes] == [{"a": File(b"2")}]


def test_a_config_map_that_goes_away_leaves_running_pods_as_they_are(node):
    updated = Updated(node)
    node.api.add(obj("ConfigMap", "settings", a="1"))
    web = pod(volumes=[{"name": "etc", "configMap": {"name": "settings"}}])
    node.run(web)
    del node.api.objects["ConfigMap", "default", "settings"]
    node.kubelet.volumes.refresh()
    assert updated.volumes == []
    assert node.status(web)["phase"] == "Running"


def test_a_pod_that_outgrows_its_volume_is_evicted(monkeypatch):
    node = Node()
    node.kubelet.volumes.follows = True
    used = {"scratch": 10 << 20}
    monkeypatch.setattr(node.runtime, "volume_usage", lambda sandbox, volume: used[volume])
    node.kubelet.wake = lambda key: node.kubelet.sync(*key.split("/"))
    limited = [{"name": "scratch", "emptyDir": {"sizeLimit": "10Mi"}}, {"name": "free", "emptyDir": {}}]
    web = pod(volumes=limited, containers=[container(volumeMounts=[{"name": "scratch", "mountPath": "/s"}])])
    node.run(web)
    node.kubelet.volumes.measure()
    assert node.status(web)["phase"] == "Running"
    used["scratch"] += 4096
    node.kubelet.volumes.measure()
    status = node.status(web)
    assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
    assert status["message"] == 'Usage of EmptyDir volume "scratch" exceeds the limit "10Mi". '
    assert "Evicted" in node.recorded.reasons


def test_what_has_no_limit_or_is_memory_is_not_measured():
    spec = {
        "volumes": [
            {"name": "a", "emptyDir": {}},
            {"name": "b", "emptyDir": {"sizeLimit": "1Mi", "medium": "Memory"}},
            {"name": "c", "emptyDir": {"sizeLimit": "1Mi"}},
        ]
    }
    assert volumes.limits({"spec": spec}) == {"c": (1 << 20, "1Mi")}
