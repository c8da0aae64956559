"""Which objects a list or a watch is about: label and field selectors, split between the store and us."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import orjson

from minikweb.apimachinery import fields, labels
from minikweb.apimachinery.errors import BadRequest
from minikweb.apiserver.request import Request
from minikweb.kinds.registry import Kind, Object

_NAME, _NAMESPACE, _NODE = "metadata.name", "metadata.namespace", "spec.nodeName"


@dataclass(frozen=True)
class Selection:
    """A namespace ("" for all), a name, a node, and what must hold of labels and of other fields.

    The store answers namespace, name, node and labels from its indexes; `rest` has to look into each object.
    """

    kind: Kind
    namespace: str
    name: str
    node: str
    labels: labels.Selector
    rest: tuple[fields.Requirement, ...]

    @property
    def is_impossible(self) -> bool:
        return self.labels.matches_nothing

    @cached_property
    def looks_inside(self) -> bool:
        """Whether more than namespace and name decides."""
        return bool(self.labels or self.node or self.rest)

    def fits(self, obj: Object) -> bool:
        """Labels and fields of an object whose namespace and name fit already."""
        if self.node and (obj.get("spec") or {}).get("nodeName") != self.node:
            return False
        if self.labels and not self.labels.matches(obj["metadata"].get("labels")):
            return False
        return not self.rest or self.fits_rest(obj)

    def fits_rest(self, obj: Object) -> bool:
        return fields.matches(list(self.rest), lambda path: _reader(self.kind, path)(obj))

    def fits_text(self, body: str) -> bool:
        """The whole selection on a stored body."""
        obj = orjson.loads(body)
        return (not self.name or obj["metadata"]["name"] == self.name) and self.fits(obj)


def selection_of(request: Request, stored: Kind) -> Selection:
    """What the request selects; `stored` is the kind in which its objects are stored. Raises BadRequest."""
    route, query = request.route, request.query
    requirements = fields.parse_selector(query.text("fieldSelector"))
    for path, _, _ in requirements:
        _reader(route.kind, path)
    taken: dict[str, str] = {}
    rest = []
    for path, operator, value in requirements:
        if operator == "=" and value and _is_indexed(stored, path) and path not in taken:
            taken[path] = value
        else:
            rest.append((path, operator, value))
    namespace = route.namespace
    if taken.get(_NAMESPACE) and not namespace:
        namespace = taken.pop(_NAMESPACE)
    elif _NAMESPACE in taken:
        rest.append((_NAMESPACE, "=", taken.pop(_NAMESPACE)))
    name = taken.get(_NAME, "")
    if route.name:
        if name and name != route.name:
            raise BadRequest("fieldSelector metadata.name doesn't match requested name")
        name = route.name
    selector = labels.parse_selector(query.text("labelSelector"))
    return Selection(route.kind, namespace, name, taken.get(_NODE, ""), selector, tuple(rest))


def _is_indexed(kind: Kind, path: str) -> bool:
    return path in (_NAME, _NAMESPACE) or (path == _NODE and kind.kind == "Pod")


def _reader(kind: Kind, path: str) -> Callable[[Object], str]:
    """How to read a field of this kind. Raises BadRequest for one that cannot be selected by."""
    if path == _NAME:
        return lambda obj: obj["metadata"].get("name", "")
    if path == _NAMESPACE and kind.namespaced:
        return lambda obj: obj["metadata"].get("namespace", "")
    if path in kind.selectable:
        return kind.selectable[path]
    raise BadRequest(
        f'Unable to find "{kind.group + "/" if kind.group else ""}{kind.version}, Resource={kind.plural}" that match '
        f'label selector "", field selector "{path}": "{path}" is not a known field selector: only "metadata.name", '
        f'"metadata.namespace"' + "".join(f', "{known}"' for known in sorted(kind.selectable))
    )
