"""The life of a cluster on this machine: start in order, keep running, stop in order."""

from __future__ import annotations

import contextlib
import importlib
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from minikweb import settings
from minikweb.apimachinery import errors, serializer
from minikweb.apiserver.credentials import install_node_credentials
from minikweb.client.client import Client
from minikweb.client.kubeconfig import client_for
from minikweb.kinds.nodes import is_switched_off
from minikweb.management import broker, nodes
from minikweb.management.child import save_memory
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.supervisor import Program, StopAsked, Supervisor
from minikweb.management.terminal import say
from minikweb.runtime.docker import installation
from minikweb.runtime.protocol import RuntimeFailure

Object = dict[str, Any]

READY_SECONDS = 60.0  # how long a part may take to answer at the start before the user is told to look at its log
TRIES = 4  # of a process that dies during the start
DEMO = Path(__file__).parent / "demo.yaml"

# What the processes import, imported once before they are forked: its memory is then shared.
PRELOADED = (
    "billiard.pool",
    "celery.events",
    "minikweb.asgi",
    "minikweb.celery",
    "minikweb.manager",
    "minikweb.apiserver.app",
    "minikweb.management.commands.apiserver",
    "minikweb.management.commands.controllers",
    "minikweb.management.commands.ingress",
    "minikweb.management.commands.kubelet",
    "minikweb.management.commands.web",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.worker",
    "celery.backends.base",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "kombu.mixins",
    "kombu.pidbox",
    "kombu.transport.redis",
    "uvicorn.lifespan.off",
    "uvicorn.loops.auto",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)

BROKER, APISERVER, CONTROLLERS, WEB, PRUNE = "broker", "apiserver", "controllers", "web", "prune"
INGRESS = "ingress"
IMAGES = "images"
KUBELET = "kubelet-"


def switching_off(node: str) -> str:
    """The name of the process that kills a node's containers."""
    return f"switch-off-{node}"


def kubelet(node: str) -> str:
    """The name of the process of a node."""
    return KUBELET + node


class Up:
    """One run of `manage.py up`, from preparation to the last stopped container."""

    def __init__(
        self, folder: DataFolder, runtime: str, *, begun: float, ingress: bool = True, ingress_port: int | None = None
    ):
        """ingress_port: where Ingresses will answer, None where that port is taken."""
        self.folder = folder
        self.runtime = runtime
        self.ingress = ingress and runtime == "docker"  # simulated pods route nothing
        self.ingress_port = ingress_port
        self.begun = begun  # on the monotonic clock
        self.since = datetime.now(UTC)
        self.cluster = folder.cluster()
        self.client: Client = client_for("admin")
        self.supervisor = Supervisor(folder.logs, say)
        self.nodes: list[Object] = []
        self._known = False  # whether the Nodes were ever listed
        self._leaving: set[str] = {"of an earlier run"}  # kubelets whose node is gone and whose containers may be left
        self._watch = nodes.NodeWatch(
            self.supervisor, self.client, settings.API_SOCKET, folder.path / "tokens" / "admin", self._follow
        )

    def run(self) -> None:
        """Returns when everything is stopped again. Raises Refusal when the start fails; all is stopped then too."""
        self.supervisor.install_signals()
        try:
            self._start()
            while not self.supervisor.stop_asked:
                self._step()
        except StopAsked:
            pass
        finally:
            self._stop()

    # --- Start -------------------------------------------------------------------------------------------
    def _start(self) -> None:
        if self.supervisor.forks:
            preload()
        if settings.EMBEDDED_BROKER:
            self.supervisor.add(broker.program(settings.REDIS_URL, settings.BROKER_DIR))
        self.supervisor.add(Program(APISERVER, ("apiserver",), grace=4))
        self.supervisor.add(Program(WEB, ("web",), grace=3))
        self._wait(APISERVER, self._api_answers)
        self._wait(BROKER, lambda: broker.answers(settings.REDIS_URL))
        self.supervisor.add(Program(CONTROLLERS, ("controllers",), grace=4))
        first = not self.cluster["seeded"]
        if first:
            self._make_nodes()
        self._wait(_("a node"), self._nodes_ready)
        if first:
            self._deploy_demo()
        self._wait(WEB, self._web_answers)
        self._announce()
        self._follow_ingress()
        if settings.SIGN_IN and self.runtime == "docker":  # a class comes: its terminals need an image
            self.supervisor.add(Program(IMAGES, ("images",), once=True))

    def _wait(self, name: str, condition: Callable[[], bool]) -> None:
        def stepped() -> bool:
            self._watch.poll()
            self._check_deaths()
            return condition()

        if not self.supervisor.run_until(stepped, READY_SECONDS):
            raise Refusal(
                _("%(name)s does not answer after %(seconds)d s: see the logs in %(folder)s.")
                % {"name": name, "seconds": READY_SECONDS, "folder": self.folder.logs}
            )

    def _check_deaths(self) -> None:
        """During the start a process that dies again and again is a reason to give up, not to go on trying."""
        for name, process in self.supervisor.processes.items():
            if process.failures > TRIES:
                log = self.folder.logs / f"{name}.log"
                raise Refusal(_("%(name)s does not start: see %(log)s.") % {"name": name, "log": log})

    def _api_answers(self) -> bool:
        try:
            return self.client.request("GET", "/readyz").status == 200
        except errors.ApiError:
            return False

    def _web_answers(self) -> bool:
        return accepts(settings.BIND, settings.HTTP_PORT)

    def _nodes_ready(self) -> bool:
        """Whether every node that is wanted is; none at all is fine, too."""
        wanted = 1 if settings.NODES and not self.cluster["seeded"] else 0
        ready = [nodes.is_ready(node, self.since) for node in self.nodes if not is_switched_off(node)]
        return self._known and len(ready) >= wanted and all(ready)

    def _make_nodes(self) -> None:
        """The first start's nodes. After a crash in the middle the missing ones are added."""
        existing = {node["metadata"]["name"] for node in self.client.list("Node")["items"]}
        for number in range(1, settings.NODES + 1):
            if f"node-{number}" not in existing:
                nodes.add_node(self.client, self.cluster["podNetwork"], self.runtime, f"node-{number}")

    def _deploy_demo(self) -> None:
        """Only once the nodes are ready: its pods are then spread over them."""
        for manifest in serializer.load_yaml(DEMO.read_bytes()):
            with contextlib.suppress(errors.AlreadyExists):
                self.client.create(manifest)
        self.cluster = self.folder.update_cluster(seeded=True)

    def _follow_ingress(self) -> None:
        """Has the Ingress controller installed, or removed where it no longer belongs; nothing waits for it."""
        if self.ingress or self.cluster.get("ingress"):
            action = "install" if self.ingress else "remove"
            self.supervisor.add(Program(INGRESS, ("ingress", action), once=True))

    def _announce(self) -> None:
        counted = ngettext("%(count)d node", "%(count)d nodes", len(self.nodes)) % {"count": len(self.nodes)}
        say(_("Ready in %(seconds).1f s: %(nodes)s.") % {"seconds": time.monotonic() - self.begun, "nodes": counted})
        say("")
        host = "127.0.0.1" if settings.BIND in ("0.0.0.0", "::") else settings.BIND
        say(_("  Dashboard  http://%(host)s:%(port)d/") % {"host": host, "port": settings.HTTP_PORT})
        for address in settings.ADDRESSES if settings.EVERYWHERE else ():
            say(f"             http://{address}:{settings.HTTP_PORT}/")
        if self.ingress and self.ingress_port:
            say(_("  Ingress    http://*.localhost:%(port)d/") % {"port": self.ingress_port})
        say(_("  kubectl    export KUBECONFIG=%(file)s") % {"file": self.folder.path / "kubeconfig"})
        say("")
        if settings.SIGN_IN and not has_teacher():
            say(_("Nobody can sign in yet: python manage.py createteacher"))
        say(_("Ctrl-C stops everything; the next start brings the same pods back."))

    # --- While it runs -------------------------------------------------------------------------------------
    def _step(self) -> None:
        self.supervisor.step(1.0)
        self._watch.poll()
        self._prune()

    def _follow(self, found: list[Object]) -> None:
        """One kubelet per Node object that is not switched off: the objects are what is wanted."""
        self.nodes = found
        wanted = {kubelet(node["metadata"]["name"]) for node in found}
        for node in found:
            process = self.supervisor.processes.get(kubelet(node["metadata"]["name"]))
            runs = process is not None and process.wanted
            if is_switched_off(node):
                if runs or not self._known:
                    self._switch_off(node["metadata"]["name"])
            elif not runs:
                self._start_node(node)
        for name in [name for name in self.supervisor.processes if name.startswith(KUBELET) and name not in wanted]:
            self.supervisor.remove(name)
            self._leaving.add(name)
        self._known = True

    def _switch_off(self, name: str) -> None:
        """The kubelet and the containers end at once; nobody is told: the control plane has to find out."""
        self.supervisor.kill(kubelet(name))
        if self.runtime == "docker":
            self.supervisor.add(Program(switching_off(name), ("node", "kill", name), once=True))

    def _start_node(self, node: Object) -> None:
        name = node["metadata"]["name"]
        install_node_credentials(self.folder.path, name)
        taken = (other["spec"].get("podCIDR", "") for other in self.nodes)
        if lacking := nodes.missing(node, self.cluster["podNetwork"], self.runtime, taken):
            with contextlib.suppress(errors.ApiError):
                self.client.patch("Node", name, lacking)
        self._leaving.discard(kubelet(name))
        self.supervisor.remove(switching_off(name))
        self.supervisor.add(Program(kubelet(name), ("kubelet", "--node", name), grace=4))

    def _prune(self) -> None:
        """Removes the containers of nodes that are no more, once their kubelets have ended; once at the start, too."""
        if self._leaving & set(self.supervisor.processes) or PRUNE in self.supervisor.processes:
            return
        if self._leaving and self.runtime == "docker":
            self.supervisor.add(Program(PRUNE, ("node", "prune"), once=True))
        self._leaving.clear()

    # --- Stop ------------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        """First who would replace pods, then the nodes, then the containers; the API answers until nearly the end."""
        say(_("Stopping…"))
        self._watch.close()
        last = [APISERVER, BROKER]
        self.supervisor.stop([name for name in self.supervisor.processes if name not in last])
        if self.runtime == "docker":
            self._stop_containers()
        self.supervisor.stop(last)
        self.folder.close()
        say(_("Stopped."))

    def _stop_containers(self) -> None:
        try:
            stopped = installation.stop_all(self.cluster["id"])
        except RuntimeFailure as error:
            say(error.message)
            return
        if stopped:
            say(ngettext("Stopped %(count)d container.", "Stopped %(count)d containers.", stopped) % {"count": stopped})


def preload() -> None:
    """Imports what the processes will need; what cannot be imported shows itself in the process that needs it."""
    for name in PRELOADED:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    save_memory()


def has_teacher() -> bool:
    """Whether somebody has an account of the pages."""
    try:
        return get_user_model().objects.exists()
    finally:
        connections.close_all()  # nothing open may be shared by a fork


def accepts(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection(("127.0.0.1" if host in ("0.0.0.0", "::") else host, port), timeout=1):
            return True
    except OSError:
        return False
