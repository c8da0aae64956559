"""Why a container does not start: images, environment, names. In Kubernetes' words."""

import base64
import threading

import pytest

from minikweb.runtime.protocol import ImageNotFound, RuntimeFailure
from minikweb.runtime.simulated.runtime import SimulatedRuntime
from tests.kubelet.conftest import Node, container, pod


def waiting(node, obj):
    return node.container(obj)["state"]["waiting"]


def test_an_absent_image_is_an_error_first_and_then_waited_for(node):
    web = pod(annotations={"image": "absent"}, containers=[container(image="minikweb/nope:1")])
    assert node.run(web) == 1
    assert waiting(node, web)["reason"] == "ErrImagePull"
    assert node.status(web)["phase"] == "Pending"
    node.clock.advance(1)
    assert node.sync(web) == pytest.approx(9)
    assert waiting(node, web)["reason"] == "ImagePullBackOff"
    assert waiting(node, web)["message"].startswith('Back-off pulling image "minikweb/nope:1": ErrImagePull: ')
    assert node.recorded.reasons == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]
    assert "Error: ErrImagePull" in node.recorded.said("Failed")
    node.clock.advance(9)
    node.sync(web)
    assert node.recorded.reasons.count("Pulling") == 2


def test_an_image_that_comes_later_starts_the_pod(node):
    web = pod(annotations={"image": "absent"})
    node.run(web)
    node.pod(web)["metadata"]["annotations"].clear()
    node.clock.advance(10)
    node.sync(web)
    assert node.status(web)["phase"] == "Running"


@pytest.mark.parametrize(
    ("policy", "reasons"),
    [
        ("IfNotPresent", ["Pulled", "Created", "Started"]),
        ("Never", ["Pulled", "Created", "Started"]),
        ("Always", ["Pulling", "Pulled", "Created", "Started"]),
    ],
)
def test_the_pull_policy_decides_about_an_image_that_is_here(node, policy, reasons):
    web = pod(containers=[container(imagePullPolicy=policy)])
    node.run(web)
    assert node.recorded.reasons == reasons


def test_never_pull_says_that_the_image_is_not_here(node):
    web = pod(annotations={"image": "absent"}, containers=[container(imagePullPolicy="Never")])
    node.run(web)
    assert waiting(node, web)["reason"] == "ErrImageNeverPull"
    assert "is not present with pull policy of Never" in waiting(node, web)["message"]


def test_an_impossible_image_name_is_said(node):
    web = pod(containers=[container(image="No Such Name")])
    node.run(web)
    assert waiting(node, web)["reason"] == "InvalidImageName"


def test_a_missing_config_map_is_waited_for(node):
    web = pod(containers=[container(envFrom=[{"configMapRef": {"name": "settings"}}])])
    again = node.run(web)
    assert again is not None and again < 5
    assert waiting(node, web) == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    assert node.recorded.said("Failed") == ['Error: configmap "settings" not found']
    node.api.add({"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}, "data": {"A": "1"}})
    node.sync(web)
    assert node.status(web)["phase"] == "Running"


class Watched(SimulatedRuntime):
    """Remembers the configurations it was given; fails where told."""

    def __init__(self, clock):
        super().__init__("node-1", clock=clock)
        self.configs = []
        self.fail: dict[str, RuntimeFailure] = {}

    def _do(self, verb):
        if verb in self.fail:
            raise self.fail[verb]

    def run_pod_sandbox(self, config):
        self._do("run_pod_sandbox")
        return super().run_pod_sandbox(config)

    def create_container(self, sandbox_id, config):
        self._do("create_container")
        self.configs.append(config)
        return super().create_container(sandbox_id, config)

    def start_container(self, container_id):
        self._do("start_container")
        super().start_container(container_id)


@pytest.fixture
def watched():
    node = Node(Watched(lambda: node.clock.now.timestamp()))
    return node


def test_the_environment_comes_from_all_its_sources(watched):
    watched.api.add(
        {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": {"K": "v", "L": "w"}}
    )
    secret = {"PASSWORD": base64.b64encode(b"hunter2").decode()}
    watched.api.add({"kind": "Secret", "metadata": {"name": "s", "namespace": "default"}, "data": secret})
    env = [
        {"name": "LITERAL", "value": "hello"},
        {"name": "COMPOSED", "value": "$(LITERAL) $(UNKNOWN) $$(LITERAL)"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "TIER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['tier']"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory", "divisor": "1Mi"}}},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "K"}}},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "PASSWORD"}}},
        {"name": "NONE", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "K", "optional": True}}},
    ]
    one = container(
        env=env,
        envFrom=[{"configMapRef": {"name": "c"}, "prefix": "FROM_"}],
        command=["run", "$(LITERAL)"],
        args=["--pod=$(POD)"],
        resources={"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    )
    watched.run(pod("web", meta={"labels": {"tier": "front"}}, containers=[one]))
    (config,) = watched.runtime.configs
    assert config.env == {
        "FROM_K": "v",
        "FROM_L": "w",
        "LITERAL": "hello",
        "COMPOSED": "hello $(UNKNOWN) $(LITERAL)",
        "POD": "web",
        "IP": "10.244.1.2",
        "TIER": "front",
        "CPU": "4",
        "MEM": "64",
        "KEY": "v",
        "PASSWORD": "hunter2",
    }
    assert (config.command, config.args) == (("run", "hello"), ("--pod=web",))
    assert (config.cpu_limit, config.memory_limit, config.cpu_request) == (None, 128 << 20, None)


def test_a_missing_key_is_named(watched):
    watched.api.add({"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": {}})
    env = [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "K"}}}]
    web = pod(containers=[container(env=env)])
    watched.run(web)
    assert waiting(watched, web)["message"] == "couldn't find key K in ConfigMap default/c"


def test_the_containers_security_context_wins_over_the_pods(watched):
    one = container(securityContext={"runAsUser": 7, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True})
    watched.run(pod(containers=[one], securityContext={"runAsUser": 1, "runAsGroup": 2}))
    (config,) = watched.runtime.configs
    assert (config.user, config.drop_capabilities, config.read_only) == ("7:2", ("ALL",), True)


def test_what_the_runtime_refuses_is_told_in_its_words(watched):
    watched.runtime.fail["create_container"] = RuntimeFailure("no such device", "CreateContainerError")
    web = pod()
    assert watched.run(web) == 10
    assert waiting(watched, web) == {"reason": "CreateContainerError", "message": "no such device"}
    watched.runtime.fail = {"start_container": RuntimeFailure("exec format error", "RunContainerError")}
    watched.sync(web)
    assert waiting(watched, web) == {"reason": "RunContainerError", "message": "exec format error"}
    watched.runtime.fail.clear()
    watched.sync(web)
    assert watched.status(web)["phase"] == "Running"


def test_a_sandbox_that_fails_is_tried_again_later(watched):
    watched.runtime.fail["run_pod_sandbox"] = RuntimeFailure("no network", "FailedCreatePodSandBox")
    web = pod()
    assert watched.run(web) == 10
    assert watched.recorded.events == [("FailedCreatePodSandBox", "Failed to create pod sandbox: no network")]
    assert waiting(watched, web)["reason"] == "ContainerCreating"
    watched.runtime.fail.clear()
    watched.sync(web)
    assert watched.status(web)["phase"] == "Running"


def test_a_node_without_addresses_says_so(watched):
    watched.host.addresses.__init__("10.244.1.0/30")
    watched.run(pod("a"))
    full = pod("b")
    watched.run(full)
    assert watched.status(full)["phase"] == "Pending"
    assert "no address is left in 10.244.1.0/30" in watched.recorded.said("FailedCreatePodSandBox")[0]


class Blocking(Watched):
    """As Docker, which takes its time to pull."""

    blocks = True

    def image_id(self, image, annotations):
        return None if "absent" in image else super().image_id(image, annotations)

    def pull_image(self, image, annotations, credential=None):
        raise ImageNotFound("manifest unknown", "ErrImagePull")


def test_a_pull_goes_on_beside_and_wakes_the_pod():
    node = Node(Blocking(lambda: node.clock.now.timestamp()))
    woken = threading.Event()
    node.kubelet.wake = lambda key: woken.set()
    web = pod(containers=[container(image="absent:1")])
    node.run(web)
    assert waiting(node, web)["reason"] == "ContainerCreating"
    assert woken.wait(10)
    node.sync(web)
    assert waiting(node, web) == {"reason": "ErrImagePull", "message": "manifest unknown"}


@pytest.mark.parametrize(
    ("spec", "reason", "said"),
    [
        ({"volumes": [{"name": "v", "nfs": {}}]}, "FailedMount", 'volume "v"'),
        ({"hostNetwork": True}, "FailedCreatePodSandBox", "hostNetwork"),
        ({"containers": [container(securityContext={"privileged": True})]}, "FailedCreatePodSandBox", "privileged"),
        ({"containers": [container(ports=[{"hostPort": 80}])]}, "FailedCreatePodSandBox", "hostPort"),
    ],
)
def test_what_real_containers_cannot_have_is_said_and_not_ignored(spec, reason, said):
    node = Node(Blocking(lambda: node.clock.now.timestamp()))
    web = pod(**spec)
    node.run(web)
    assert node.status(web)["phase"] == "Pending"
    assert said in node.recorded.said(reason)[0]
    assert node.runtime.configs == []
