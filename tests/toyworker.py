"""A Celery worker with a toy part, as a process of its own: `python -m tests.toyworker BROKER_URL`.

Writes one line per thing that happens: `started`, `synced <key>`, `stopped`.
"""

import os
import sys
import threading

os.environ["REDIS_URL"] = sys.argv[1]

import tests.environment  # noqa: E402, F401  (takes the URL away from the tests' own settings)

os.environ["REDIS_URL"] = sys.argv[1]

from minikweb.celery import bell, installation, run_worker  # noqa: E402
from minikweb.client.controller import Controller  # noqa: E402
from minikweb.client.informer import Cache  # noqa: E402
from minikweb.client.workqueue import connect  # noqa: E402
from minikweb.manager import Manager, build  # noqa: E402
from tests.client.fakeapi import FakeApi, config_map  # noqa: E402


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


class Toy(Controller):
    name = "toy"
    kind = "ConfigMap"

    def sync(self, namespace: str, name: str) -> None:
        say("synced", f"{namespace}/{name}")


class Part(Manager):
    def start(self) -> None:
        super().start()
        threading.Thread(target=self._create_on_demand, daemon=True).start()
        say("started")

    def _create_on_demand(self) -> None:
        """Each line on standard input is the name of a ConfigMap to make."""
        for line in sys.stdin:
            self.cache.client.create(config_map(line.strip()))

    def stop(self, timeout: float = 4.0) -> None:
        super().stop(timeout)
        say("stopped")


def main() -> int:
    cache = Cache(FakeApi().client())
    toy = build(Toy, cache.client, cache)
    part = Part([toy], cache, connect(sys.argv[1]), bell("toys"), prefix=installation())
    return run_worker(part, ["toys"], 4, name="toys")


if __name__ == "__main__":
    sys.exit(main())
