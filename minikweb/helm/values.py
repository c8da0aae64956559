"""The chart's defaults under one's own values: `helm get values --all`. Pure.

Maps are merged key by key, anything else is replaced whole, null takes a default away.
Source: helm's pkg/chart/common/util/coalesce.go.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError

Object = dict[str, Any]
ONE_MAP = "values are one map: key: value"


class NotValues(Exception):
    """A text that is no map of values; the message says why and, where it is known, in which line."""


def computed(defaults: Object, given: Object) -> Object:
    """What the templates see as .Values."""
    result = {key: deepcopy(value) for key, value in defaults.items() if key not in given}
    for key, value in given.items():
        if value is None:
            continue
        default = defaults.get(key)
        nested = isinstance(value, dict) and isinstance(default, dict)
        result[key] = computed(default, value) if nested else deepcopy(value)
    return {key: result[key] for key in [*(k for k in defaults if k in result), *(k for k in given if k in result)]}


def overrides(defaults: Object, wanted: Object) -> Object:
    """The smallest values that turn the defaults into `wanted`: what to give after editing a copy of values.yaml."""
    result: Object = {}
    for key, value in wanted.items():
        if key not in defaults:
            result[key] = deepcopy(value)
        elif isinstance(value, dict) and isinstance(defaults[key], dict):
            if changed := overrides(defaults[key], value):
                result[key] = changed
        elif value != defaults[key] or type(value) is not type(defaults[key]):
            result[key] = deepcopy(value)
    return result | {key: None for key in defaults if key not in wanted}


def read(text: str) -> Object:
    """The values in a YAML text; {} for an empty one. Raises NotValues."""
    try:
        documents = serializer.load_yaml(text)
    except ApiError as error:
        raise NotValues(ONE_MAP if "must be a mapping" in error.message else error.message) from None
    if not documents:
        return {}
    if len(documents) > 1 or not isinstance(documents[0], dict):
        raise NotValues(ONE_MAP)
    return documents[0]
