"""What a container finds around it: variables of Services, and under whose rights it runs."""

import pytest

from minikweb.kubelet import configs, links
from minikweb.kubelet.pods import Start
from tests.kubelet.conftest import container, pod


def service(name, ip, *ports, namespace="default"):
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": ip, "ports": list(ports)},
    }


KUBERNETES = service("kubernetes", "10.96.0.1", {"name": "https", "port": 443, "protocol": "TCP"})
REDIS = service("redis-primary", "10.96.0.11", {"port": 6379, "protocol": "TCP"}, namespace="shop")


def test_a_service_is_found_by_variables_as_kubernetes_documentation_says():
    found = links.variables(pod(meta={"namespace": "shop"}), [REDIS, KUBERNETES])
    assert {name: value for name, value in found.items() if name.startswith("REDIS")} == {
        "REDIS_PRIMARY_SERVICE_HOST": "10.96.0.11",
        "REDIS_PRIMARY_SERVICE_PORT": "6379",
        "REDIS_PRIMARY_PORT": "tcp://10.96.0.11:6379",
        "REDIS_PRIMARY_PORT_6379_TCP": "tcp://10.96.0.11:6379",
        "REDIS_PRIMARY_PORT_6379_TCP_PROTO": "tcp",
        "REDIS_PRIMARY_PORT_6379_TCP_PORT": "6379",
        "REDIS_PRIMARY_PORT_6379_TCP_ADDR": "10.96.0.11",
    }
    assert found["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert found["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"


def test_without_links_only_the_api_is_found():
    found = links.variables(pod(meta={"namespace": "shop"}, enableServiceLinks=False), [REDIS, KUBERNETES])
    assert {name.partition("_")[0] for name in found} == {"KUBERNETES"}


def test_services_of_other_namespaces_and_headless_ones_are_not_found():
    headless = service("db", "None", {"port": 5432})
    assert links.variables(pod(), [REDIS, headless]) == {}


def test_the_containers_own_variables_win():
    from minikweb.kubelet import env

    app = container(env=[{"name": "A", "value": "$(B)/x"}, {"name": "C", "value": "mine"}])
    found = env.environment(pod(), app, lambda kind, name: None, facts={}, services={"B": "b", "C": "c"})
    assert found == {"A": "b/x", "B": "b", "C": "mine"}


def test_a_security_context_in_the_runtimes_words():
    context = {
        "runAsUser": 1000,
        "runAsGroup": 3000,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
    }
    web = pod(
        securityContext={"fsGroup": 2000, "supplementalGroups": [4000]},
        shareProcessNamespace=True,
        containers=[container(securityContext=context)],
    )
    config = configs.container(web, Start(web["spec"]["containers"][0], 0), {})
    assert (config.user, config.groups, config.read_only) == ("1000:3000", (4000, 2000), True)
    assert (config.add_capabilities, config.drop_capabilities) == (("NET_BIND_SERVICE",), ("ALL",))
    assert (config.no_new_privileges, config.share_processes) == (True, True)


@pytest.mark.parametrize(
    ("context", "user", "why"),
    [
        ({}, "", ""),
        ({"runAsNonRoot": True}, "1000", ""),
        ({"runAsNonRoot": True, "runAsUser": 5}, "", ""),
        ({"runAsNonRoot": True, "runAsUser": 0}, "1000", "container's runAsUser breaks non-root policy"),
        ({"runAsNonRoot": True}, "", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True}, "nginx", "container has runAsNonRoot and image has non-numeric user (nginx)"),
    ],
)
def test_who_must_not_be_root(context, user, why):
    said = configs.breaks_non_root(pod(), container(securityContext=context), user)
    assert said.startswith(why)
    assert bool(said) == bool(why)


def test_a_container_that_would_run_as_root_waits_with_the_reason(node):
    web = pod(securityContext={"runAsNonRoot": True, "runAsUser": 0})
    node.run(web)
    waiting = node.container(web)["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    assert waiting["message"].startswith("container's runAsUser breaks non-root policy (pod: ")


def test_host_aliases_are_names_of_the_sandbox():
    web = pod(hostAliases=[{"ip": "10.0.0.9", "hostnames": ["db", "db.shop"]}])
    assert configs.sandbox(web, "10.244.1.2", 0).hosts == (("db", "10.0.0.9"), ("db.shop", "10.0.0.9"))
