"""The bell of a class, which its open pages listen to: something changed. It carries nothing else."""

from __future__ import annotations

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from minikweb.people.models import SchoolClass

log = logging.getLogger(__name__)
MESSAGE = {"type": "class.changed"}


def group(school_class: SchoolClass) -> str:
    """The Channels group of a class."""
    return school_class.namespace


def tell(school_class: SchoolClass) -> None:
    """Rings, from synchronous code. Without a broker nobody hears it: pages look again by themselves."""
    try:
        async_to_sync(get_channel_layer().group_send)(group(school_class), MESSAGE)
    except (OSError, RedisError) as error:
        log.warning("the bell of %s was not rung: %s", school_class.namespace, error)
