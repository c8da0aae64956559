"""Whatever fits the schema, or nearly, is stored or refused with a reason: never a 500."""

import random

import orjson
import pytest

from minikweb.apimachinery.schema import Schema
from minikweb.kinds import registry, schemas
from tests.apiserver.api import APPLY, JSON_PATCH, MERGE, STRATEGIC

DEPTH = 7
KINDS = [kind for kind in registry.builtin().all() if kind.verbs and kind.schema]
STRINGS = [
    "",
    "a",
    "web",
    "A b",
    "é",
    "10.96.0.99",
    "None",
    "1",
    "100m",
    "5Gi",
    "50%",
    "2026-11-23T12:00:00Z",
    "x" * 300,
]
NUMBERS = [0, 1, -1, 80, 2**31 - 1]


class Maker:
    """Makes documents that fit a schema, mostly."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def value(self, schema: Schema | None, depth: int = 0):
        if schema is None or self.random.random() < 0.01:
            return self.random.choice([None, "x", 3, [], {}, True])
        if schema.type == "object" and schema.properties:
            share = 0.6 / (depth + 1) + 0.1
            return {
                key: self.value(below, depth + 1)
                for key, below in schema.properties.items()
                if depth < DEPTH and self.random.random() < share
            }
        if schema.type == "object":
            return {self.random.choice(STRINGS): self.value(schema.additional, depth + 1) for _ in range(2)}
        if schema.type == "array":
            return (
                [self.value(schema.items, depth + 1) for _ in range(self.random.randrange(3))] if depth < DEPTH else []
            )
        if schema.type == "string":
            return self.random.choice(STRINGS)
        if schema.type == "boolean":
            return self.random.random() < 0.5
        return self.random.choice(STRINGS if schema.type == "quantity" else NUMBERS)

    def object(self, kind, name: str | None = None):
        obj = self.value(schemas.definitions().of(kind.schema))
        if not isinstance(obj, dict):
            return obj
        obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
        if not isinstance(obj.get("metadata"), dict) or self.random.random() < 0.7:
            obj["metadata"] = {"name": name or self.random.choice(["a", "b", "c"])}
        if not self.random.randrange(4):
            obj["spec"] = obj.get("spec") or {}
        return obj


def check(answer, sent):
    assert answer.status < 500 or answer.status in (501, 503), f"{answer.text}\n{orjson.dumps(sent).decode()}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.kind}.{kind.group}")
def test_it_works(api, kind, caplog):
    """Creates, updates, patches, reads and deletes some hundred objects of a kind."""
    namespace = "default" if kind.namespaced else None
    for seed in range(120):
        make = Maker(seed)
        obj = make.object(kind)
        check(api.post(kind.path(namespace), obj), obj)
        if kind.virtual:
            continue
        name = make.random.choice("abc")
        target = kind.path(namespace, name)
        subresource = make.random.choice(["", *(f"/{each}" for each in kind.subresources if each != "proxy")])
        if subresource in ("/binding", "/eviction", "/token"):
            check(api.post(target + subresource, make.value(None)), None)
            subresource = ""
        if subresource in ("/log", "/exec"):
            check(api.get(target + subresource), None)
            subresource = ""
        changed = make.object(kind, name)
        check(api.put(target + subresource, changed), changed)
        media = make.random.choice([MERGE, STRATEGIC, APPLY])
        check(api.patch(f"{target}{subresource}?fieldManager=m", changed, media), changed)
        operation = {"op": make.random.choice(["add", "remove", "replace"]), "path": "/spec", "value": make.value(None)}
        check(api.patch(target, [operation], JSON_PATCH), operation)
        table = "application/json;as=Table;v=v1;g=meta.k8s.io"
        check(api.get(kind.path(namespace), accept=table), None)
        if not seed % 5:
            check(api.delete(target, make.value(None)), None)
