"""What a pod asks for: its containers added up as the kubelet will run them.

Source: k8s.io/component-helpers/resource/helpers.go (AggregateContainerRequests).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from minikweb.apimachinery import quantity

Spec = dict[str, Any]
Amounts = dict[str, Decimal]  # resource → number of its base unit: cores, bytes


def amounts(given: dict[str, Any] | None) -> Amounts:
    """Quantities as numbers."""
    return {name: quantity.parse(value) for name, value in (given or {}).items()}


def add(one: Amounts, other: Amounts) -> Amounts:
    return {name: one.get(name, Decimal(0)) + other.get(name, Decimal(0)) for name in {**one, **other}}


def largest(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {**one, **other}}


def peak(spec: Spec, section: str = "requests", floor: Amounts | None = None) -> Amounts:
    """The most at one time: all containers (and sidecars) together, or one init container; and the overhead.

    section  "requests" or "limits"
    floor    what a container counts for that says nothing of a resource
    """
    running: Amounts = {}
    highest: Amounts = {}
    for container in spec.get("initContainers") or ():
        asked = {**(floor or {}), **of_container(container, section)}
        if container.get("restartPolicy") == "Always":
            running = add(running, asked)
            asked = {}
        highest = largest(highest, add(running, asked))
    for container in spec.get("containers") or ():
        running = add(running, {**(floor or {}), **of_container(container, section)})
    return add(largest(running, highest), amounts(spec.get("overhead")))


def of_container(container: Spec, section: str) -> Amounts:
    return amounts((container.get("resources") or {}).get(section))
