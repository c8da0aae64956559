"""Writes minikweb/apiserver/protobuf_messages.json: the protobuf form of the kinds that clients send.

For maintainers, once per Kubernetes release; needs Go. The numbers come from the `generated.proto` files of the modules
k8s.io/api and k8s.io/apimachinery; what these files do not tell (which structs are written in place, which fields are
pointers, so that their zero means something) comes from the tags in the Go sources beside them.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

RELEASE = "v0.37.2"
TABLE = settings.BASE_DIR / "minikweb" / "apiserver" / "protobuf_messages.json"

KINDS = {
    "v1": "Binding ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod "
    "PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "authentication.k8s.io/v1": "SelfSubjectReview TokenRequest TokenReview",
    "authorization.k8s.io/v1": "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
    "SubjectAccessReview",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "meta/v1": "DeleteOptions",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "policy/v1": "Eviction PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "StorageClass",
}

# Messages that JSON writes as a scalar (or as a list of strings).
SCALARS = {
    "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "time",
    "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1": "json",
    "k8s.io.apimachinery.pkg.runtime.RawExtension": "json",
    "k8s.io.apimachinery.pkg.api.resource.Quantity": "quantity",
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "k8s.io.api.authentication.v1.AttestationValue": "strings",
    "k8s.io.api.authentication.v1.ExtraValue": "strings",
    "k8s.io.api.authorization.v1.ExtraValue": "strings",
}
PREFIXES = ("k8s.io.apimachinery.pkg.apis.", "k8s.io.apimachinery.pkg.", "k8s.io.api.")

_MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^ +(?:(optional|repeated) ([\w.]+)|map<string, ([\w.]+)>) \w+ = (\d+);", re.MULTILINE)
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"^\t(?:(\w+)[ \t]+)?([*\[\]\w.]+)[ \t]+`([^`\n]*)`", re.MULTILINE)


class Command(BaseCommand):
    help = "Writes the table of protobuf messages from Kubernetes' Go modules (needs Go)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--release", default=RELEASE, help=f"version of the modules, such as {RELEASE}")

    def handle(self, *args: Any, **options: Any) -> None:
        modules = [download(f"k8s.io/{name}@{options['release']}") for name in ("api", "apimachinery")]
        protos = {name: message for module in modules for name, message in messages(module)}
        tags = {name: members for module in modules for name, members in structs(module)}
        kinds = dict(named_kinds())
        table = {"release": options["release"], "kinds": {key: short(name) for key, name in kinds.items()}}
        table["messages"] = reachable(list(kinds.values()), protos, tags)
        TABLE.write_text(rendered(table))
        self.stdout.write(f"{TABLE.relative_to(settings.BASE_DIR)}: {len(table['messages'])} messages")


def download(module: str) -> Path:
    """The folder of a Go module, fetched by the go command."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "go.mod").write_text("module table\n")
        try:
            run = subprocess.run(
                ["go", "mod", "download", "-json", module], cwd=folder, capture_output=True, text=True, timeout=600
            )
        except FileNotFoundError:
            raise CommandError("Go is not installed: https://go.dev/doc/install") from None
    found = json.loads(run.stdout or "{}")
    if "Dir" not in found:
        raise CommandError(f"{module} could not be fetched: {found.get('Error') or run.stderr}")
    return Path(found["Dir"])


def messages(module: Path) -> Iterator[tuple[str, dict[int, tuple[str, str]]]]:
    """Full name → number → (type, list | map | one) of all messages of a module."""
    for path in module.rglob("generated.proto"):
        text = re.sub(r"^\s*//.*\n", "", path.read_text(), flags=re.MULTILINE)
        package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)[1]
        for name, body in _MESSAGE.findall(text):
            fields = {}
            for label, single, of_map, number in _FIELD.findall(body):
                mode = "map" if of_map else "list" if label == "repeated" else "one"
                fields[int(number)] = (qualified(single or of_map, package), mode)
            yield f"{package}.{name}", fields


def qualified(type_name: str, package: str) -> str:
    """`.k8s.io.api.core.v1.Pod` or `Pod` → the full name; scalars as they are."""
    if type_name.startswith("."):
        return type_name[1:]
    return type_name if type_name[0].islower() else f"{package}.{type_name}"


def structs(module: Path) -> Iterator[tuple[str, dict[int, tuple[str, str]]]]:
    """Full name of the message → number → (JSON name, what is special: inline, pointer, always or "")."""
    for path in module.rglob("types.go"):
        package = ".".join(["k8s.io", module.name.partition("@")[0], *path.parent.relative_to(module).parts])
        for name, body in _STRUCT.findall(path.read_text()):
            members = {}
            for field, type_name, tag in _MEMBER.findall(body):
                numbered = re.search(r'protobuf:"\w+,(\d+)', tag)
                if numbered:
                    members[int(numbered[1])] = special(field, type_name, re.search(r'json:"([^"]*)"|$', tag)[1] or "")
            yield f"{package}.{name}", members


def special(field: str, type_name: str, tag: str) -> tuple[str, str]:
    """(JSON name, word) of a struct's member by its Go type and json tag."""
    name, *options = tag.split(",")
    if not name and not field:
        return "", "inline"
    if type_name.startswith("*"):
        return name, "pointer"
    return name, "" if {"omitempty", "omitzero"} & set(options) else "always"


def named_kinds() -> Iterator[tuple[str, str]]:
    """`apps/v1/Deployment` → the full name of its message; kinds of meta/v1 come under any apiVersion."""
    for api_version, names in KINDS.items():
        group, _, version = api_version.rpartition("/")
        package = "apimachinery.pkg.apis.meta" if group == "meta" else f"api.{group.partition('.')[0] or 'core'}"
        for name in names.split():
            key = name if group == "meta" else f"{api_version}/{name}"
            yield key, f"k8s.io.{package}.{version}.{name}"


def short(name: str) -> str:
    """`core.v1.Pod` for k8s.io.api.core.v1.Pod, the scalar for what JSON writes as one."""
    if name in SCALARS:
        return SCALARS[name]
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def reachable(todo: list[str], protos: dict[str, Any], tags: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Short name → number → "name type words" of these messages and all they hold."""
    found: dict[str, dict[str, str]] = {}
    while todo:
        full = todo.pop()
        if short(full) in found:
            continue
        fields = found[short(full)] = {}
        for number, (type_name, mode) in sorted(protos[full].items()):
            name, word = tags[full][number]
            words = [name or "-", short(type_name), *([mode] if mode != "one" else [word] if word else [])]
            fields[str(number)] = " ".join(words)
            if type_name in protos and type_name not in SCALARS:
                todo.append(type_name)
    return found


def rendered(table: dict[str, Any]) -> str:
    """JSON with one message or kind to a line, so that a new release reads well as a difference."""
    parts = []
    for key, value in table.items():
        if isinstance(value, dict):
            lines = [f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in sorted(value.items())]
            parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
