"""The Celery application: its workers are the controllers' process and the nodes.

One task, `reconcile`, rings the bell of a controller (see manager.py); it carries no state, so nothing is kept of it:
no results, no late acks, no events. A broker that was away is reconnected to within a fraction of a second.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import warnings
from collections.abc import Sequence
from typing import Any, Protocol

from celery import Celery, bootsteps, signals
from celery.platforms import SecurityWarning
from celery.worker.consumer.consumer import Consumer as CeleryConsumer
from celery.worker.state import maybe_shutdown

from minikweb import settings
from minikweb.manager import Ring

log = logging.getLogger(__name__)

RECONNECT = 0.2  # seconds between two tries to reach the broker
BELL_SECONDS = 10  # an unanswered bell is worth nothing after this

# Without Django's fix-up: no task opens a database, and it would run all system checks in every worker.
app = Celery("minikweb", set_as_current=False, fixups=[])
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://",
    broker_transport_options={
        "socket_timeout": 10.0,
        "socket_connect_timeout": 1.0,
        "socket_keepalive": True,
        "visibility_timeout": 3600,
        "max_retries": 1,
    },
    broker_connection_timeout=2.0,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    result_backend=None,
    task_ignore_result=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1},
    task_serializer="json",
    accept_content=["json"],
    worker_pool="threads",
    worker_consumer="minikweb.celery:Consumer",
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,  # none is: ours are acknowledged before they run
    worker_detect_quorum_queues=False,
)


class Part(Protocol):
    """What a worker is for: the manager with its controllers, or a node."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Ends within a few seconds, the keys in work done."""

    def reconcile(self, controller: str) -> None:
        """Lends the calling thread to a controller."""


_part: Part | None = None  # of this process


@app.task(name="reconcile")
def reconcile(controller: str) -> None:
    """Rings the bell: somebody look at the queue of this controller."""
    if _part is not None:
        _part.reconcile(controller)


def installation() -> str:
    """The prefix of all that is ours in the broker: several installations may share one."""
    try:
        return f"minikweb-{json.loads((settings.DATA_DIR / 'cluster.json').read_text())['id']}"
    except (OSError, ValueError, KeyError):
        return "minikweb"


def bell(queue: str) -> Ring:
    """ring(controller) for the workers of a Celery queue."""

    def ring(controller: str) -> None:
        reconcile.apply_async((controller,), queue=queue, expires=BELL_SECONDS)

    return ring


class Consumer(CeleryConsumer):
    """Celery's, but it does not wait two, four, six … seconds for a broker that is back after a tenth."""

    def ensure_connected(self, connection: Any) -> Any:
        said = []

        def away(error: Exception, interval: float) -> None:
            if not said:
                log.warning("the broker does not answer: %s", error)
            said.append(interval)

        connection.ensure_connection(
            away, interval_start=RECONNECT, interval_step=0, interval_max=RECONNECT, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return connection


class PartStep(bootsteps.StartStopStep):
    """Starts the worker's part with it, and ends it before the threads it lives on."""

    requires = {"celery.worker.components:Pool"}

    def include_if(self, parent: Any) -> bool:
        return _part is not None

    def start(self, parent: Any) -> None:
        assert _part is not None
        _wake_at_signals(parent.hub)
        _part.start()

    def stop(self, parent: Any) -> None:
        if _part is not None:
            _part.stop()


app.steps["worker"].add(PartStep)


def _wake_at_signals(hub: Any) -> None:
    """Lets a signal end the event loop's wait, which would otherwise last up to a second."""
    read, write = socket.socketpair()
    for end in (read, write):
        end.setblocking(False)
    signal.set_wakeup_fd(write.detach(), warn_on_full_buffer=False)
    hub.add_reader(read, read.recv, 64)


@signals.setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """Django has configured it; Celery tells of each task, which here is each bell."""
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.worker.consumer.consumer"):
        logging.getLogger(name).setLevel(logging.ERROR)


def run_worker(part: Part, queues: Sequence[str], concurrency: int, *, name: str) -> int:
    """Runs this process as a worker until SIGTERM; returns its exit code.

    `concurrency` is how many threads may be lent: the sum of its controllers' workers.
    """
    global _part
    _part = part
    app.conf.broker_transport_options["global_keyprefix"] = f"{installation()}:"
    warnings.filterwarnings("ignore", category=SecurityWarning)  # of root, but tasks are JSON, not pickles
    worker = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        queues=list(queues),
        concurrency=concurrency,
        pool="threads",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel=logging.INFO,
    )
    worker.set_process_status = lambda info: None  # the process has its name from who started it
    worker.start()
    return worker.exitcode or 0


def stop_worker() -> None:
    """Ends this process' worker as SIGTERM does."""
    os.kill(os.getpid(), signal.SIGTERM)
