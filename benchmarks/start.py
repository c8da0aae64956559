"""Cold and warm start to a Ready cluster of three nodes, and the memory of all processes at rest."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.cluster import installed
from benchmarks.report import Figure
from tests.running import RunningCluster

SETTLE = 10  # seconds after which the cluster is at rest


def figures() -> list[Figure]:
    """A first start (databases, keys, CA), an orderly stop, a second start, the memory."""
    with installed() as cluster:
        cold = _started(cluster)
        cluster.stop()
        warm = _started(cluster)
        time.sleep(SETTLE)
        memory = memory_of(cluster.process.pid) / 2**20
    return [
        Figure("cold start → 3 nodes Ready", cold, "s"),
        Figure("warm start → 3 nodes Ready", warm, "s"),
        Figure("memory of all processes at rest (PSS)", memory, "MiB"),
    ]


def _started(cluster: RunningCluster) -> float:
    """Seconds from the command to its word that the API and all nodes are ready."""
    began = time.monotonic()
    cluster.start()
    return time.monotonic() - began


def memory_of(root: int) -> int:
    """Bytes of proportional set size of a process and all below it."""
    return sum(_own_pss(pid) for pid in _family(root))


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(int(after_name[1]), []).append(int(path.parent.name))
    family = [root]
    for pid in family:
        family += children.get(pid, [])
    return family


def _own_pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
