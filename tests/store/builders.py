"""Objects as the store sees them: text."""

from __future__ import annotations

import json
from typing import Any

from minikweb.store.storage import PENDING, Author, Draft, Key, Storage, Stored

ALICE = Author("alice", "kubectl/v1.37", "create", "kubectl")


def key(name: str, namespace: str = "default", resource: str = "configmaps") -> Key:
    return Key(resource, namespace, name)


def body(name: str, **data: Any) -> str:
    return json.dumps(
        {"metadata": {"name": name, "resourceVersion": PENDING, "labels": data.pop("labels", {})}, **data}
    )


def make(storage: Storage, name: str, namespace: str = "default", resource: str = "configmaps", **draft: Any) -> Stored:
    content = draft.pop("content", {})
    labels = draft.get("labels") or {}
    text = body(name, labels=labels, **content)
    return storage.create(key(name, namespace, resource), Draft(text, f"uid-{name}", **draft), ALICE)


def change(storage: Storage, current: Stored, **content: Any) -> Stored:
    return storage.update(current, Draft(body(current.key.name, **content), current.uid, labels=None), ALICE)


def remove(storage: Storage, current: Stored) -> Stored:
    return storage.delete(current, body(current.key.name), ALICE)


def names(bodies: list[str]) -> list[str]:
    return [json.loads(text)["metadata"]["name"] for text in bodies]
