"""From a method and a path to what is asked: the verb, the kind, the namespace, the name, the subresource.

Source: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from minikweb.apimachinery.errors import ApiError, MethodNotAllowed, NotFound, NotImplemented_
from minikweb.kinds.registry import Kind, Registry

_OBJECT_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_COLLECTION_VERBS = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "deletecollection"}
STREAMS = ("attach", "exec", "portforward")
_UNSERVED = {
    ("Pod", "resize"),
}


@dataclass(frozen=True)
class Route:
    """What a request asks. `rest` is the path behind a proxy subresource."""

    verb: str
    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""

    @property
    def resource(self) -> str:
        """The resource as RBAC names it: `pods` or `pods/log`."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


def unknown_path() -> NotFound:
    """What kubectl shows for a path that leads nowhere."""
    return NotFound("the server could not find the requested resource")


def method_not_allowed() -> ApiError:
    return MethodNotAllowed("the server does not allow this method on the requested resource")


def is_resource(path: str) -> bool:
    """Whether a path leads to a collection or below, and not to a document about the API."""
    parts = path.strip("/").split("/")
    return len(parts) > {"api": 2, "apis": 3}.get(parts[0], len(parts))


def parse(registry: Registry, method: str, path: str, *, watch: bool = False) -> Route:
    """The route of a path below /api or /apis. Raises NotFound or MethodNotAllowed."""
    group, version, parts = _split(path)
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2 and not (group == "" and parts[2] in ("status", "finalize")):
        namespace, parts = parts[1], parts[2:]
    kind = registry.at(group, version, parts[0])
    if kind is None or not kind.verbs or (namespace and not kind.namespaced):
        raise unknown_path()
    name = parts[1] if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 else ""
    if name and kind.namespaced and not namespace:
        raise unknown_path()
    if subresource and subresource not in kind.subresources:
        raise _not_served(kind, subresource)
    if len(parts) > 3 and subresource != "proxy":
        raise unknown_path()
    verb = _verb(kind, method, namespace, name, subresource, watch)
    return Route(verb, kind, namespace, name, subresource, "/".join(parts[3:]))


def _not_served(kind: Kind, subresource: str) -> ApiError:
    """What Kubernetes has and we have not, told apart from what nobody has."""
    if (kind.kind, subresource) in _UNSERVED:
        return NotImplemented_(f"{kind.plural}/{subresource} is not supported yet")
    return unknown_path()


def _split(path: str) -> tuple[str, str, list[str]]:
    """Group, version and the rest of the path, never empty."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) > 3:
        return parts[1], parts[2], parts[3:]
    raise unknown_path()


def _verb(kind: Kind, method: str, namespace: str, name: str, subresource: str, watch: bool) -> str:
    if subresource == "proxy":
        return _OBJECT_VERBS.get(method, "create")
    if subresource in STREAMS:
        return "get" if method in ("GET", "HEAD") else "create"
    verb = (_OBJECT_VERBS if name else _COLLECTION_VERBS).get(method)
    if verb is None or (verb == "create" and ((name and not subresource) or (kind.namespaced and not namespace))):
        raise method_not_allowed()
    if not subresource and verb not in kind.verbs:
        raise method_not_allowed()
    return "watch" if watch and verb in ("list", "get") and "watch" in kind.verbs and not subresource else verb
