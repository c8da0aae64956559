"""Volumes on real containers: what an application finds in them, while it runs and after."""

import base64

import pytest

from minikweb.runtime.docker.connection import connect
from tests.docker.conftest import shell, until
from tests.kubelet.conftest import container, pod

pytestmark = pytest.mark.docker


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def secret(name, **data):
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}, "data": encoded}


def mount(name, path, **fields):
    return {"name": name, "mountPath": path, **fields}


def run(node, obj, command, name="app"):
    """(exit code, output) of a shell command in a running container of a pod."""
    container_id = node.container(obj, name)["containerID"].removeprefix("docker://")
    code, output = node.runtime.exec_sync(container_id, ["sh", "-c", command], 10)
    return code, output.decode()


def left_of(node, obj):
    label = f"minikweb.uid={obj['metadata']['uid']}"
    return connect().volumes(filters={"label": [label]})["Volumes"] or []


def test_a_config_map_is_files_that_follow_it(node):
    node.api.add(config_map("settings", greeting="hello", old="x"))
    web = pod(
        volumes=[{"name": "etc", "configMap": {"name": "settings"}}],
        containers=[container(volumeMounts=[mount("etc", "/etc/settings")])],
    )
    node.run(web)
    assert run(node, web, "cat /etc/settings/greeting") == (0, "hello")
    assert run(node, web, "readlink /etc/settings/greeting") == (0, "..data/greeting\n")
    assert run(node, web, "echo no > /etc/settings/greeting")[0] != 0
    node.api.add(config_map("settings", greeting="bonjour", new="y"))
    node.kubelet.volumes.refresh()
    assert run(node, web, "cat /etc/settings/greeting /etc/settings/new") == (0, "bonjoury")
    assert run(node, web, "ls -A /etc/settings | grep -v '^\\.\\.20'") == (0, "..data\ngreeting\nnew\n")
    assert run(node, web, "ls -A /etc/settings | wc -l") == (0, "4\n")


def test_a_secrets_items_have_their_paths_and_modes(node):
    node.api.add(secret("login", user="ada", password="p"))
    items = [{"key": "password", "path": "deep/er/pw", "mode": 0o400}]
    web = pod(
        volumes=[{"name": "login", "secret": {"secretName": "login", "items": items}}],
        containers=[container(volumeMounts=[mount("login", "/login", readOnly=True)])],
    )
    node.run(web)
    assert run(node, web, "cat /login/deep/er/pw; stat -L -c %a /login/deep/er/pw; ls /login") == (0, "p400\ndeep\n")


def test_the_containers_of_a_pod_share_an_empty_directory_that_outlives_them(node):
    web = pod(
        terminationGracePeriodSeconds=1,
        volumes=[{"name": "work", "emptyDir": {}}],
        containers=[
            shell("id -u > /work/by; echo one > /work/a; exec sleep 1000", name="writer")
            | {"volumeMounts": [mount("work", "/work")], "securityContext": {"runAsUser": 1000}},
            container(volumeMounts=[mount("work", "/mnt")]),
        ],
    )
    node.run(web)
    until(lambda: run(node, web, "cat /mnt/a /mnt/by") == (0, "one\n1000\n"), "what the other has written")
    node.runtime.stop_container(node.container(web)["containerID"].removeprefix("docker://"), 0)
    node.sync(web)
    assert node.container(web)["restartCount"] == 1
    assert run(node, web, "cat /mnt/a") == (0, "one\n")
    node.delete(web)
    until(lambda: node.pod(web) is None and not left_of(node, web), "the end of its volumes")


def test_a_directory_in_memory_has_its_limit(node):
    web = pod(
        volumes=[{"name": "ram", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
        containers=[container(volumeMounts=[mount("ram", "/ram")])],
    )
    node.run(web)
    assert run(node, web, "grep ' /ram ' /proc/mounts | cut -d' ' -f3") == (0, "tmpfs\n")
    code, output = run(node, web, "dd if=/dev/zero of=/ram/x bs=1M count=2")
    assert code != 0
    assert "No space left" in output


def test_a_projected_volume_joins_its_sources(node):
    node.api.add(config_map("settings", greeting="hello"))
    node.api.add(secret("login", user="ada"))
    sources = [
        {"configMap": {"name": "settings"}},
        {"secret": {"name": "login"}},
        {"configMap": {"name": "none", "optional": True}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    web = pod(
        meta={"labels": {"app": "web"}},
        volumes=[{"name": "all", "projected": {"sources": sources}}],
        containers=[container(volumeMounts=[mount("all", "/all")])],
    )
    node.run(web)
    assert run(node, web, "cat /all/greeting /all/user /all/labels") == (0, 'helloadaapp="web"')
    node.pod(web)["metadata"]["labels"] = {"app": "blue"}
    node.sync(web)
    node.kubelet.volumes.refresh()
    assert run(node, web, "cat /all/labels") == (0, 'app="blue"')


def test_a_part_of_a_volume_is_mounted_by_itself(node):
    node.api.add(config_map("settings", **{"app.conf": "listen 80"}))
    web = pod(
        volumes=[{"name": "etc", "configMap": {"name": "settings"}}, {"name": "work", "emptyDir": {}}],
        containers=[
            container(
                env=[{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                volumeMounts=[
                    mount("etc", "/etc/app.conf", subPath="app.conf"),
                    mount("work", "/logs", subPathExpr="logs/$(NAME)"),
                    mount("work", "/work"),
                ],
            )
        ],
    )
    node.run(web)
    assert run(node, web, "cat /etc/app.conf") == (0, "listen 80")
    assert run(node, web, "echo x > /logs/one && cat /work/logs/web/one && ls /etc | head -2")[0] == 0


def test_files_belong_to_the_fs_group(node):
    node.api.add(config_map("settings", greeting="hello"))
    web = pod(
        securityContext={"fsGroup": 2000, "runAsUser": 1000},
        volumes=[{"name": "work", "emptyDir": {}}, {"name": "etc", "configMap": {"name": "settings"}}],
        containers=[container(volumeMounts=[mount("work", "/work"), mount("etc", "/settings")])],
    )
    node.run(web)
    assert run(node, web, "stat -c '%g %a' /work; stat -L -c %g /settings/greeting") == (0, "2000 2777\n2000\n")
    assert run(node, web, "touch /work/x && stat -c %g /work/x; id -G") == (0, "2000\n0 2000\n")


def test_volumes_of_pods_that_are_no_more_are_removed(node):
    web = pod(volumes=[{"name": "work", "emptyDir": {}}], containers=[container(volumeMounts=[mount("work", "/w")])])
    node.run(web)
    (uid,) = node.runtime.volume_owners()
    for sandbox in node.runtime.pods(uid)[0].sandboxes:
        node.runtime.remove_pod_sandbox(sandbox.id)
    assert left_of(node, web)
    del node.api.objects["Pod", "default", "web"]
    node.kubelet.sync("default", "web")
    assert not left_of(node, web)


def test_a_volume_is_measured_and_a_pod_that_fills_it_is_evicted(node):
    web = pod(
        volumes=[{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}],
        containers=[container(volumeMounts=[mount("scratch", "/s")])],
    )
    node.run(web)
    assert run(node, web, "dd if=/dev/zero of=/s/file bs=1024 count=100 2>/dev/null")[0] == 0
    (status,) = node.runtime.pods(web["metadata"]["uid"])
    assert 100 << 10 <= node.runtime.volume_usage(status.sandboxes[0].id, "scratch") < 1 << 20
    run(node, web, "mkdir /s/more; dd if=/dev/zero of=/s/more/file bs=1024 count=2000 2>/dev/null")
    node.kubelet.volumes.measure()
    assert node.status(web)["reason"] == "Evicted"
