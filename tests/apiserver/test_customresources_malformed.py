"""Whatever a definition says: it is refused with a reason, or its objects are; never a 500."""

import copy
import json
import random

import pytest

from minikweb.kinds.customresourcedefinitions import storage_version
from tests.apiserver.api import APPLY, MERGE, TABLE
from tests.apiserver.test_customresources import DEFINITIONS, TABS, definition

TYPES = ["object", "array", "string", "integer", "number", "boolean", "", "list"]
VALUES = [None, "", "a", 0, -1, 1.5, True, [], {}, ["a"], {"a": 1}, [None], "x" * 50, 2**40]


def schema(chance: random.Random, depth: int = 0) -> dict:
    """A schema that is structural now and then."""
    made: dict = {"type": chance.choice(TYPES[:6] if chance.random() < 0.9 else TYPES)}
    if made["type"] == "object" and depth < 4:
        made["properties"] = {name: schema(chance, depth + 1) for name in "abc"[: chance.randrange(4)]}
        if not made["properties"]:
            made["additionalProperties"] = schema(chance, depth + 1)
    if made["type"] == "array":
        made["items"] = schema(chance, depth + 1)
    extras = {
        "default": chance.choice(VALUES),
        "enum": chance.sample(["a", 1, None, {}], 2),
        "minimum": chance.choice([0, 1.5, -1]),
        "multipleOf": chance.choice([0, 2, -3]),
        "pattern": chance.choice(["^a", "(", "[[:alpha:]]", r"\p{L}", "(a+)+$"]),
        "format": chance.choice(["date-time", "ipv4", "byte", "nonsense"]),
        "maxLength": chance.choice([-1, 3]),
        "nullable": True,
        "required": ["a", "z"],
        "x-kubernetes-int-or-string": True,
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-list-type": chance.choice(["map", "set", "atomic", "odd"]),
        "x-kubernetes-list-map-keys": chance.choice([["a"], [], ["zz"]]),
        "oneOf": [{"required": ["a"]}, {"pattern": "b"}],
        "not": {"enum": ["a"]},
    }
    for key in chance.sample(sorted(extras), chance.randrange(4)):
        made[key] = extras[key]
    return made


def value(chance: random.Random, depth: int = 0):
    if depth < 4 and chance.random() < 0.5:
        return {name: value(chance, depth + 1) for name in chance.sample("abcz", 2)}
    if depth < 4 and chance.random() < 0.3:
        return [value(chance, depth + 1) for _ in range(2)]
    return chance.choice(VALUES)


@pytest.mark.parametrize("seed", range(12))
def test_it_works(api, seed):
    chance = random.Random(seed)
    for _ in range(4):
        crd = definition(subresources={"status": {}, "scale": {"specReplicasPath": ".spec.a.b",
                                                               "statusReplicasPath": ".status.a"}})  # fmt: skip
        made = schema(chance)
        root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {
            "type": "object",
            "properties": {"spec": made},
        }
        answer = api.post(DEFINITIONS, crd)
        assert answer.status in (201, 400, 422), (answer.text, root)
        if answer.status == 201:
            assert storage_version(answer.json) == "v1"
            use(api, chance, root)
            api.delete(f"{DEFINITIONS}/crontabs.stable.example.com")
            api.patch(f"{DEFINITIONS}/crontabs.stable.example.com", {"metadata": {"finalizers": None}})


def use(api, chance, root):
    for _ in range(8):
        obj = {
            "apiVersion": "stable.example.com/v1",
            "kind": "CronTab",
            "metadata": {"name": "x"},
            "spec": value(chance),
        }
        told = json.dumps([root, obj])
        answers = [
            api.post(TABS, copy.deepcopy(obj)),
            api.patch(f"{TABS}/x", {"spec": value(chance)}, MERGE),
            api.patch(f"{TABS}/x?fieldManager=m", obj, APPLY),
            api.patch(f"{TABS}/x/status", {"status": value(chance)}, MERGE),
            api.get(f"{TABS}/x/scale"),
            api.patch(f"{TABS}/x/scale", {"spec": {"replicas": 2}}),
            api.get(TABS, accept=TABLE),
            api.delete(f"{TABS}/x"),
        ]
        assert max(answer.status for answer in answers) < 500, (told, [answer.text for answer in answers])
