"""A node: its kubelet in one Celery worker, with the threads for its lease, its server and its runtime's events."""

import json
import sys
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minikweb import settings
from minikweb.celery import bell, installation, run_worker, stop_worker
from minikweb.client.client import Client
from minikweb.client.events import Recorder
from minikweb.client.informer import Cache
from minikweb.client.kubeconfig import client_for
from minikweb.client.workqueue import connect
from minikweb.kubelet.kubelet import Kubelet
from minikweb.kubelet.node import NodeAgent, addresses_of, capacity, machine_name, node_ip
from minikweb.kubelet.reclaiming import VolumeReclaimer
from minikweb.kubelet.server import Server
from minikweb.kubelet.starting import Host
from minikweb.kubelet.stores import node_store
from minikweb.kubelet.worker import NodeWorker
from minikweb.management.preparation import choose_runtime
from minikweb.manager import Manager
from minikweb.network import dns
from minikweb.network.agent import KEY, NodeNetwork, ServiceProxy
from minikweb.runtime.docker.network import NodeContainer
from minikweb.runtime.docker.runtime import DockerRuntime
from minikweb.runtime.protocol import Runtime, RuntimeFailure
from minikweb.runtime.simulated.runtime import SimulatedRuntime

# As real containers take a moment to stop, so that a client that has just asked for it still finds the pod: kubectl
# waits for ever when a StatefulSet's new pod has the old one's name before it looks.
SIMULATED_STOP = 0.4  # seconds


class Command(BaseCommand):
    help = "Run the kubelet of one node"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--node", required=True, help="the name of its Node object, which must exist")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sys.exit(run(options["node"]))
        except RuntimeFailure as failure:
            raise CommandError(failure.message) from failure


def run(node: str) -> int:
    """Is the node until SIGTERM, or until its Node object is deleted; returns the exit code."""
    runtime = runtime_of(node)
    client = client_for(node)
    recorder = Recorder(client.acting_as("kubelet"), "kubelet", host=node)
    worker = assemble(node, client, recorder, runtime)
    queue = worker.kubelet.name
    threads = worker.kubelet.workers + VolumeReclaimer.workers + ServiceProxy.workers
    return run_worker(worker, [queue], threads, name=queue)


def runtime_of(node: str) -> Runtime:
    """The runtime that the installation uses, ready. Raises RuntimeUnavailable."""
    cluster = json.loads((settings.DATA_DIR / "cluster.json").read_text())
    if choose_runtime(settings.RUNTIME).runtime == "simulated":
        return SimulatedRuntime(node, settings.DATA_DIR / "simulated" / f"{node}.json", stops_take=SIMULATED_STOP)
    runtime = DockerRuntime(cluster["id"], node, cluster["podNetwork"])
    runtime.setup()
    return runtime


def assemble(name: str, client: Client, recorder: Recorder, runtime: Runtime) -> NodeWorker:
    """The parts of a node; waits for its Node object."""
    simulated = runtime.name == "simulated"
    socket = settings.RUN_DIR / f"{name}.sock"
    worker: NodeWorker

    def deleted() -> None:
        worker.kubelet.destroy_all()
        with suppress(RuntimeFailure):
            runtime.remove_store(node_store(name))
        if router:
            router.remove()
        stop_worker()

    agent = NodeAgent(client, recorder, runtime, name, f"unix://{socket}", deleted=deleted)
    node = agent.find()
    cidr = node["spec"]["podCIDR"]
    addresses = addresses_of(cidr, simulated=simulated)
    router = None if simulated else router_of(runtime, node_ip(cidr))
    size = capacity(agent.machine, simulated=simulated)
    host = Host(name, node_ip(cidr), addresses, size, dns="" if simulated else dns.ADDRESS)
    cache = Cache(client, scopes={"Pod": {"field_selector": f"spec.nodeName={name}"}})
    own = client.acting_as("kubelet", wrote=cache.writes.record)
    kubelet = Kubelet(own, cache, recorder, runtime=runtime, host=host)
    reclaimer = VolumeReclaimer(own, cache, recorder, runtime=runtime, node=name, machine=machine_name(agent.machine))
    proxy = None if router is None else proxy_of(client, cache, recorder, router, runtime)
    broker, ring = connect(settings.REDIS_URL), bell(kubelet.name)
    controllers = [kubelet, reclaimer, *((proxy,) if proxy else ())]
    manager = Manager(controllers, cache, broker, ring, prefix=installation(), name=kubelet.name)
    network = proxy and NodeNetwork(router, agent.report_network, lambda: manager.wake(proxy.name, KEY), proxy)
    server = Server(cache, runtime, socket, proxy and proxy.connections)
    worker = NodeWorker(manager, kubelet, agent, server, node, network)
    return worker


def router_of(runtime: DockerRuntime, ip: str) -> NodeContainer:
    """The container that is the node's side of the network."""
    return NodeContainer(runtime.cluster, runtime.node, ip, dns.ADDRESS, api=runtime.api)


def proxy_of(
    client: Client, cache: Cache, recorder: Recorder, router: NodeContainer, runtime: DockerRuntime
) -> ServiceProxy:
    """What tells it of Services and their endpoints."""
    own = client.acting_as("kube-proxy", wrote=cache.writes.record)
    about = {"node": router.node, "ip": router.ip, "pod_network": runtime.pod_network}
    api_port = 0 if runtime.is_near else settings.API_PORT
    return ServiceProxy(own, cache, recorder, everywhere=Cache(own), router=router, api_port=api_port, **about)
