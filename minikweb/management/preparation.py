"""What has to be true before anything is started. Each failure is a Refusal: one sentence, and nothing was started."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from minikweb.apiserver.installation import NewerData, prepare_database
from minikweb.management import broker
from minikweb.management.datafolder import DataFolder, Refusal, host_routes
from minikweb.management.terminal import say
from minikweb.runtime.docker import installation
from minikweb.runtime.docker.network import Publishers
from minikweb.runtime.protocol import RuntimeFailure, RuntimeUnavailable

LOOPBACK = "127.0.0.1"
RUNTIMES = ("auto", "docker", "simulated")


@dataclass(frozen=True)
class Choice:
    """The runtime to use, and what the user is told about it."""

    runtime: str
    remark: str


def choose_runtime(wanted: str, daemon_version: Callable[[], str] = installation.daemon_version) -> Choice:
    """Docker if a daemon answers, else the simulated runtime; `wanted` may insist on one. Raises Refusal."""
    if wanted not in RUNTIMES:
        raise Refusal(_("MINIKWEB_RUNTIME is %(value)s: use auto, docker or simulated.") % {"value": repr(wanted)})
    if wanted == "simulated":
        return Choice("simulated", _("Pods are simulated, as asked: no container runs."))
    try:
        return Choice("docker", _("Pods run in Docker %(version)s.") % {"version": daemon_version()})
    except RuntimeUnavailable as error:
        if wanted == "docker" or is_denied(error):
            raise Refusal(error.message) from error
    except RuntimeFailure as error:
        raise Refusal(error.message) from error
    return Choice("simulated", _("Docker does not answer, so pods are simulated: no container runs."))


def is_denied(error: BaseException | None) -> bool:
    """Whether there is a Docker that this user may not use; then going on without it would not be what they expect."""
    while error is not None:
        if isinstance(error, PermissionError) or "Permission denied" in str(error):
            return True
        error = error.__cause__
    return False


def check_ports(bind: str, ports: Mapping[str, int]) -> None:
    """Raises Refusal for the first port that somebody has; `ports`: the variable that changes it → its number."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    for variable, port in ports.items():
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
                probe.listen(1)
            except PermissionError as error:
                raise Refusal(
                    _("Port %(port)d is reserved for the administrator: choose one above 1023 with %(variable)s=…")
                    % {"port": port, "variable": variable}
                ) from error
            except OSError as error:
                raise Refusal(
                    _("Port %(port)d on %(bind)s cannot be used (%(why)s): choose another with %(variable)s=…")
                    % {"port": port, "bind": bind, "why": error.strerror, "variable": variable}
                ) from error


def ingress_remarks(ports: Mapping[str, int], reserved: Collection[int], published: Collection[str]) -> dict[int, str]:
    """A sentence for each port of the Ingress controller that somebody else has: the rest works without it.

    reserved: our own other ports; published: what our containers bring to localhost already, such as 8080/tcp.
    """
    remarks = {}
    for variable, port in ports.items():
        if f"{port}/tcp" not in published and (port in reserved or not _is_free(LOOPBACK, port)):
            remarks[port] = _(
                "Port %(port)d is taken: no Ingress will answer at localhost:%(port)d; all else works. "
                "Choose another with %(variable)s=…"
            ) % {"port": port, "variable": variable}
    return remarks


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except PermissionError:
            return True  # Docker may open it where we may not
        except OSError:
            return False
    return True


def published_ports(folder: DataFolder) -> list[str]:
    """What containers of an earlier run still bring to localhost. Raises Refusal."""
    try:
        return list(Publishers(folder.cluster()["id"]).published())
    except RuntimeFailure as error:
        raise Refusal(error.message) from error


def check_broker(url: str) -> None:
    """Raises Refusal if the broker that the user names does not answer."""
    shown = url.rpartition("@")[2]  # without its password
    try:
        answers = broker.answers(url)
    except ValueError as error:
        raise Refusal(_("REDIS_URL (%(url)s) cannot be used: %(why)s") % {"url": shown, "why": error}) from error
    if not answers:
        raise Refusal(_("The broker that REDIS_URL names (%(url)s) does not answer.") % {"url": shown})


def prepare_network(folder: DataFolder, runtime: str) -> str:
    """The pods' network, chosen at the first start; with Docker it exists afterwards. Raises Refusal."""
    cluster = folder.cluster()["id"]
    if runtime != "docker":
        return folder.ensure_pod_network(host_routes(), lambda network: True)
    try:
        network = folder.ensure_pod_network(host_routes(), lambda network: installation.claim_network(cluster, network))
        claimed = installation.claim_network(cluster, network)
    except RuntimeFailure as error:
        raise Refusal(error.message) from error
    if not claimed:
        raise Refusal(
            _("The pods' network %(network)s is taken by another Docker network: remove that one, or `make reset`.")
            % {"network": network}
        )
    return network


def build_images() -> None:
    """Builds the images of ours that are missing, saying which. Raises Refusal."""
    try:
        built = installation.build_missing_images(say)
    except RuntimeFailure as error:
        raise Refusal(_("The images could not be built: %(why)s") % {"why": error.message}) from error
    if built:
        say(_("Built %(images)s.") % {"images": ", ".join(built)})


def migrate() -> None:
    """Brings the tables of the cluster and of the pages up to date. Raises Refusal."""
    try:
        prepare_database()
        migrate_pages()
    except NewerData as error:
        raise Refusal(_("A newer Minikweb wrote this database: update this one, or set MINIKWEB_DATA.")) from error
    except DatabaseError as error:
        raise Refusal(_("The database cannot be prepared: %(why)s") % {"why": error}) from error
    finally:
        connections.close_all()


def migrate_pages() -> None:
    """Brings the tables of the pages up to date. Raises Refusal."""
    try:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", database="default", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise Refusal(_("The database cannot be prepared: %(why)s") % {"why": error}) from error
    finally:
        connections.close_all()  # nothing open may be shared by a fork
