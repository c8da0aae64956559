"""One suite for both runtimes: `runtime` is a simulated one and, with the marker docker, a real one."""

import time
import uuid

import pytest

from minikweb.runtime.protocol import ContainerConfig, PodRef, PodStatus, Runtime, SandboxConfig

DEADLINE = 30.0  # seconds


@pytest.fixture(params=["simulated", pytest.param("docker", marks=pytest.mark.docker)])
def runtime(request, tmp_path):
    if request.param == "docker":
        yield from docker_runtime()
    else:
        yield from simulated_runtime(tmp_path)


def simulated_runtime(tmp_path):
    from minikweb.runtime.simulated.runtime import SimulatedRuntime

    runtime = SimulatedRuntime("node-1", tmp_path / "node-1.json")
    runtime.setup()
    runtime.subnet = "10.244"
    yield runtime
    runtime.close()


def docker_runtime():
    from minikweb.runtime.docker import installation
    from minikweb.runtime.docker.runtime import DockerRuntime

    installation.build_missing_images(print)
    cluster = f"test-{uuid.uuid4().hex[:8]}"
    network = next(n for n in (f"10.{x}.0.0/16" for x in range(160, 240)) if installation.claim_network(cluster, n))
    runtime = DockerRuntime(cluster, "node-1", network)
    try:
        runtime.setup()
        runtime.subnet = ".".join(network.split(".")[:2])
        yield runtime
    finally:
        runtime.close()
        installation.reset(cluster)


class Pods:
    """Makes pods in a runtime and looks at them."""

    def __init__(self, runtime: Runtime):
        self.runtime, self.made = runtime, 0

    def sandbox(self, name: str = "web", uid: str | None = None, attempt: int = 0) -> tuple[str, str]:
        """Starts a sandbox; returns (its id, the pod's uid)."""
        self.made += 1
        uid = uid or str(uuid.uuid4())
        config = SandboxConfig(
            pod=PodRef("default", name, uid),
            ip=f"{self.runtime.subnet}.1.{self.made + 1}",
            hostname=name,
            attempt=attempt,
        )
        return self.runtime.run_pod_sandbox(config), uid

    def run(self, sandbox_id: str, shell: str = "", *, name: str = "app", **config) -> str:
        """Starts a container of the demo image: its server, or a shell script."""
        if shell:
            config |= {"command": ("sh", "-c"), "args": (shell,)}
        wanted = ContainerConfig(name=name, image="minikweb/demo:1", attempt=config.pop("attempt", 0), **config)
        container_id = self.runtime.create_container(sandbox_id, wanted)
        self.runtime.start_container(container_id)
        return container_id

    def container(self, container_id: str):
        return next(c for pod in self.runtime.pods() for c in pod.containers if c.id == container_id)

    def pod(self, uid: str) -> PodStatus | None:
        return next(iter(self.runtime.pods(uid)), None)

    def until(self, condition, what: str = "the condition"):
        """Polls until condition() is true; returns its value."""
        deadline = time.monotonic() + DEADLINE
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what} did not come true in {DEADLINE} s"
            time.sleep(0.02)
        return value

    def until_ended(self, container_id: str):
        self.until(lambda: self.container(container_id).state == "exited", "the end of the container")
        return self.container(container_id)


@pytest.fixture
def pods(runtime):
    return Pods(runtime)
