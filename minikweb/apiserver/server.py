"""What every verb works with: the store, the kinds, the policy, the clock. The GenericAPIServer of Kubernetes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from minikweb.apimachinery.schema import ANYTHING, Definitions, Schema
from minikweb.apiserver.authentication import Authenticator
from minikweb.apiserver.authorization import Authorizer
from minikweb.apiserver.discovery import Discovery
from minikweb.apiserver.openapi import OpenAPI
from minikweb.kinds import schemas
from minikweb.kinds.registry import Kind, Registry
from minikweb.store.storage import Storage


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Server:
    """One API server. Everything here is shared by all threads."""

    storage: Storage
    registry: Registry
    authenticator: Authenticator
    authorizer: Authorizer
    clock: Callable[[], datetime] = utc_now

    @cached_property
    def discovery(self) -> Discovery:
        return Discovery(self.registry)

    @cached_property
    def openapi(self) -> OpenAPI:
        return OpenAPI(self.registry)

    @cached_property
    def definitions(self) -> Definitions:
        return schemas.definitions()

    def schema(self, kind: Kind) -> Schema:
        """The schema of a kind; ANYTHING where there is none."""
        return self.definitions.of(kind.schema) if kind.schema in self.definitions.components else ANYTHING
