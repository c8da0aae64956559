"""The ControllerRevision of apps/v1: what a DaemonSet or StatefulSet once asked for, to go back to.

Source: pkg/apis/apps/validation/validation.go (ValidateControllerRevisionCreate), pkg/registry/apps/controllerrevision.
"""

from __future__ import annotations

from datetime import datetime

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import required
from minikweb.kinds import formats
from minikweb.kinds.columns import AGE, NAME, NONE, Column
from minikweb.kinds.registry import Cause, Kind, Object


def _default(revision: Object) -> None:
    revision.setdefault("revision", 0)


def _validate(revision: Object, old: Object | None) -> list[Cause]:
    causes = formats.nonnegative("revision", revision.get("revision"))
    if old:
        return causes + formats.immutable("data", revision.get("data"), old.get("data"))
    if revision.get("data") is None:
        return [*causes, required("data", "data is mandatory")]
    if not isinstance(revision["data"], dict):
        return [*causes, required("data", "data must be a valid JSON object")]
    return causes


def _controller(revision: Object, now: datetime) -> str:
    owner = meta.controller_of(revision)
    if not owner:
        return NONE
    group = owner["apiVersion"].rpartition("/")[0]
    return f"{owner['kind'].lower()}{'.' if group else ''}{group}/{owner['name']}"


def _revision(revision: Object, now: datetime) -> int:
    return revision.get("revision") or 0


CONTROLLER_REVISION = Kind(
    group="apps",
    version="v1",
    kind="ControllerRevision",
    plural="controllerrevisions",
    namespaced=True,
    schema="io.k8s.api.apps.v1.ControllerRevision",
    columns=(
        NAME,
        Column("Controller", _controller, description="Whose past it is."),
        Column("Revision", _revision, description="Its place in that past."),
        AGE,
    ),
    default=_default,
    validate=_validate,
)
