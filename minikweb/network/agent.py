"""A node's network: its container kept running and told of every change, as kube-proxy and kube-dns are.

Source: pkg/proxy/runner: changes are collected for a moment, then everything is programmed at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from minikweb.client.client import Client
from minikweb.client.controller import Controller
from minikweb.client.events import Recorder
from minikweb.client.informer import Cache
from minikweb.network import dns, policy, proxy
from minikweb.network.nodes import address
from minikweb.runtime.protocol import RuntimeFailure, RuntimeUnavailable

Object = dict[str, Any]

log = logging.getLogger(__name__)

KEY = "/everything"
PAUSE = 0.25  # seconds at least between two programmings
UNHURRIED = 1.0  # the same where nothing but the names of single pods has changed
AWAY = 1.0  # seconds between two tries to reach Docker
SOON = 0.1  # seconds until the pods of the cluster are known
PATIENCE = 10.0  # seconds for that; Services do not wait longer for policies
EVERYWHERE = ("Namespace", "NetworkPolicy", "Pod")  # what of the whole cluster a node's rules depend on


class Router(Protocol):
    """What of runtime.docker.network.NodeContainer a node needs."""

    def ensure(self) -> None: ...

    def is_running(self) -> bool: ...

    def apply(self, files: Mapping[str, str]) -> None: ...

    def ask(self, command: Sequence[str]) -> str: ...

    def machine(self) -> str: ...

    def events(self) -> Iterator[str]: ...

    def close(self) -> None: ...

    def remove(self) -> None: ...


class ServiceProxy(Controller):
    """One node's rules and names. Whatever changes, all of them are looked at."""

    kind = "Service"
    needs = ("EndpointSlice", "Node")
    source = "kube-proxy"
    workers = 1

    def __init__(
        self,
        client: Client,
        cache: Cache,
        recorder: Recorder,
        *,
        everywhere: Cache,
        router: Router,
        node: str,
        ip: str,
        pod_network: str,
        api_port: int = 0,
    ):
        """everywhere: a cache of its own, for the node's knows the pods of this node alone.

        api_port: of the API on the user's machine, where that one is not on the pods' bridge (Docker Desktop).
        """
        super().__init__(client, cache, recorder)
        self.name = f"proxy-{node}"
        self.everywhere = everywhere
        self.router, self.node, self.ip, self.pod_network = router, node, ip, pod_network
        self._told: dict[str, str] = {}  # what the router holds
        self._ports: list[proxy.Port] = []
        self._named = ""  # the names of Services in it
        self._last = float("-inf")  # when it was last told something, on the monotonic clock
        self._suspended = True
        self._patience = 0.0  # until when it waits for the pods of the cluster, on the monotonic clock
        self._api_port = api_port
        self._api: proxy.Endpoint | None = None

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == "Node" and old and new and address(old) == address(new):
            return
        yield KEY

    def follow(self) -> None:
        """Begins to follow what it depends on of the whole cluster."""
        for kind in EVERYWHERE:
            self.everywhere.informer(kind).add_handler(self._changed)
        self.everywhere.start()

    def _changed(self, old: Object | None, new: Object | None) -> None:
        """A pod's heartbeat is not worth a look."""
        both_pods = old and new and "containers" in old.get("spec", {})
        if not both_pods or policy.pods_of([old]) != policy.pods_of([new]):
            self.wake(KEY)

    def sync(self, namespace: str, name: str) -> float | None:
        if self._suspended:
            return None  # `resume` is followed by another look
        if not self.everywhere.wait_for_sync(0) and time.monotonic() < self._patience:
            return SOON
        wait = self._last + PAUSE - time.monotonic()
        if wait > 0:
            return wait
        services, slices = self.cache.list("Service"), self.cache.list("EndpointSlice")
        ports = proxy.ports(services, slices)
        if self._api is not None:
            ports = proxy.with_api(ports, self._api)
        wanted, named = self._wanted(services, slices, ports), dns.names(services, slices)
        changed = {name: text for name, text in wanted.items() if self._told.get(name) != text}
        wait = self._last + UNHURRIED - time.monotonic()
        if list(changed) == ["names.new"] and named == self._named and wait > 0:
            return wait
        if changed:
            self._tell(changed, proxy.stale(self._ports, ports))
        self._told, self._ports, self._named = wanted, ports, named
        return None

    def _wanted(self, services: list[Object], slices: list[Object], ports: list[proxy.Port]) -> dict[str, str]:
        """What the router is to hold: file → text."""
        namespaces, policies, pods = (self.everywhere.list(kind) for kind in EVERYWHERE)
        known = self.everywhere.wait_for_sync(0)  # else the router keeps the policies it has
        node = proxy.Node(self.node, self.ip, self.pod_network, others(self.cache.list("Node"), self.node))
        services_rules = proxy.rules(node, ports, served_here=(dns.ADDRESS,))
        return {
            "routes": proxy.routes(node),
            "rules.nft": services_rules + (policy.rules(self.node, policies, pods, namespaces) if known else ""),
            "names.new": dns.names(services, slices, pods),
        }

    def _tell(self, changed: dict[str, str], stale: str) -> None:
        self.router.apply(changed | ({"stale": stale} if stale else {}))
        self._last = time.monotonic()

    def connections(self) -> list[Object]:
        """How many connections this node gave to whom, see `proxy.counts`. Raises RuntimeFailure."""
        return proxy.counts(self.router.ask(proxy.COUNTS))

    def resume(self) -> None:
        """The router runs: it is told everything, whatever it was told before."""
        if self._api_port:
            self._api = self._find_api()
        self._told, self._suspended = {}, False
        self._patience = time.monotonic() + PATIENCE

    def _find_api(self) -> proxy.Endpoint | None:
        try:
            return proxy.Endpoint(self.router.machine(), self._api_port)
        except RuntimeFailure as failure:
            log.warning("pods do not reach the API: %s", failure.message)
            return None

    def suspend(self) -> None:
        """There is nobody to tell."""
        self._suspended = True


def others(nodes: Iterable[Object], name: str) -> tuple[tuple[str, str], ...]:
    """(podCIDR, address) of the other nodes."""
    found = (address(node) for node in nodes if node["metadata"]["name"] != name)
    return tuple(sorted((cidr, ip) for cidr, ip in found if cidr and ip))


class NodeNetwork:
    """Keeps a node's container, and says when it does not run. `report` is told why, or "" when all is well."""

    def __init__(self, router: Router, report: Callable[[str], None], wake: Callable[[], None], proxy: ServiceProxy):
        self.router, self.report, self.wake, self.proxy = router, report, wake, proxy
        self._stopping = threading.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)

    def start(self) -> None:
        """Returns at once; `wait` waits until the container runs."""
        self.proxy.follow()
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        return self._up.wait(seconds)

    def stop(self) -> None:
        """The container goes on: pods talk while this process is away."""
        self._stopping.set()
        self.router.close()
        self.proxy.everywhere.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.router.ensure()
                self._is_up()
                self._follow()
            except RuntimeFailure as failure:
                if not self._stopping.is_set():
                    self._is_down(failure.message)
            except Exception:
                if not self._stopping.is_set():
                    log.exception("network")
            self._stopping.wait(AWAY)

    def _follow(self) -> None:
        """Until Docker goes away. A container killed by hand stays so: that is how a node dies in a lesson."""
        for event in self.router.events():
            if event == "start":
                self._is_up()
            elif not self.router.is_running():
                self._is_down("the node's container does not run; start it with `docker start`, or restart this node")
        raise RuntimeUnavailable("Docker closed its event stream")

    def _is_up(self) -> None:
        self.proxy.resume()
        self._up.set()
        self.report("")
        self.wake()

    def _is_down(self, why: str) -> None:
        log.warning("the network is down: %s", why)
        self.proxy.suspend()
        self.report(why)
