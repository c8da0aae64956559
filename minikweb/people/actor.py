"""As whom the code under way acts. The middleware says it once; the cluster's doors (access.py) ask for it.

A student is an ordinary user of the API: a ServiceAccount in the namespace of the class, with rights in the
student's own namespaces. The pages impersonate it, its kubeconfig holds a token of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings

from minikweb.apimachinery import errors


@dataclass(frozen=True)
class Actor:
    """One person at the pages.

    person      the key of what is kept about them (progress, attempts)
    namespace   where their lessons take place
    user        whom the pages impersonate; "" for an administrator, who acts as the pages themselves
    namespaces  those that are theirs; None for an administrator, to whom all are open
    student     the key of their row in the roster, 0 for an administrator
    """

    person: str
    name: str
    namespace: str
    user: str = ""
    namespaces: frozenset[str] | None = None
    student: int = 0

    @property
    def is_administrator(self) -> bool:
        return self.namespaces is None


LOCAL = Actor("local", "", "learn")  # on loopback without a sign-in: the one administrator

_current: ContextVar[Actor | None] = ContextVar("actor", default=None)


def present() -> Actor | None:
    """Who acts, None when nobody has said so and somebody has to."""
    return _current.get() or (None if settings.SIGN_IN else LOCAL)


def current() -> Actor:
    """Who acts. Raises Unauthorized: where a sign-in is required nobody acts without a name."""
    found = present()
    if found is None:
        raise errors.Unauthorized("sign in first")
    return found


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Everything within, and the threads and tasks that copy its context, acts as this person."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)
