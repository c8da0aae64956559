"""The pod addresses of one node: one per pod, from its podCIDR, never two pods at one."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from itertools import chain

FIRST = 2  # .0 is the network, .1 a gateway's by custom


class NoAddressLeft(Exception):
    """The node's range is used up."""


class Addresses:
    """Thread-safe. An address that was given back is the last to be given again."""

    def __init__(self, cidr: str, *, overflow: str | None = None):
        """overflow: a further range, for nodes whose pods are simulated and may be thousands."""
        self.cidr = cidr
        self._ranges = [ipaddress.ip_network(one) for one in (cidr, overflow) if one]
        self._of_pod: dict[str, str] = {}
        self._taken: set[str] = set()
        self._lock = threading.Lock()
        self._next: Iterator[str] = self._all()

    def _all(self) -> Iterator[str]:
        """Every usable address, once; the last of a range is left out (broadcast, by custom)."""
        yield from chain.from_iterable(
            (str(one[n]) for n in range(FIRST, one.num_addresses - 1)) for one in self._ranges
        )

    def __len__(self) -> int:
        """How many pods fit."""
        return sum(one.num_addresses - FIRST - 1 for one in self._ranges)

    def allocate(self, uid: str, wanted: str = "") -> str:
        """The pod's address: what it has, else `wanted` if that is free and ours, else a new one."""
        with self._lock:
            if uid in self._of_pod:
                return self._of_pod[uid]
            if wanted and wanted not in self._taken and self._is_ours(wanted):
                return self._take(uid, wanted)
            return self._take(uid, self._free())

    def reserve(self, uid: str, address: str) -> None:
        """Notes what an adopted pod has."""
        with self._lock:
            if uid not in self._of_pod:
                self._take(uid, address)

    def of(self, uid: str) -> str:
        """The pod's address, "" if it has none."""
        return self._of_pod.get(uid, "")

    def release(self, uid: str) -> None:
        with self._lock:
            address = self._of_pod.pop(uid, None)
            if address is not None and address not in self._of_pod.values():
                self._taken.discard(address)

    def _take(self, uid: str, address: str) -> str:
        self._of_pod[uid] = address
        self._taken.add(address)
        return address

    def _free(self) -> str:
        for _ in range(2):  # the rest of this round, and one more whole round
            for address in self._next:
                if address not in self._taken:
                    return address
            self._next = self._all()
        raise NoAddressLeft(f"no address is left in {self.cidr}")

    def _is_ours(self, address: str) -> bool:
        return any(ipaddress.ip_address(address) in one for one in self._ranges)
