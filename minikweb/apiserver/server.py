"""What every verb works with: the store, the kinds, the policy, the clock. The GenericAPIServer of Kubernetes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from minikweb.apimachinery.schema import ANYTHING, Definitions, Schema
from minikweb.apiserver.authentication import Authenticator
from minikweb.apiserver.authorization import Authorizer
from minikweb.apiserver.customresources import CustomResources
from minikweb.apiserver.discovery import Discovery
from minikweb.apiserver.flowcontrol import Shares
from minikweb.apiserver.lister import Lister
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
    _custom_schemas: dict[str, tuple[dict[str, Any], Schema]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.custom_resources = CustomResources(self.storage, self.registry)
        self.lister = Lister(self.storage)
        self.shares = Shares()

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
        if kind.custom:
            return self._custom_schema(kind, kind.custom.raw)
        return self.definitions.of(kind.schema) if kind.schema in self.definitions.components else ANYTHING

    def _custom_schema(self, kind: Kind, raw: dict[str, Any]) -> Schema:
        """Compiled when first asked for, again after its definition has changed."""
        known = self._custom_schemas.get(kind.schema)
        if known is None or known[0] is not raw:
            known = self._custom_schemas[kind.schema] = (raw, self.definitions.compile(raw))
        return known[1]
