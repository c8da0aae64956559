""" "Something changed in this class": the bell that the open pages of a class listen to. It carries nothing."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from minikweb.people.models import SchoolClass

MESSAGE = {"type": "class.changed"}


def group(school_class: SchoolClass) -> str:
    """The Channels group of a class."""
    return school_class.namespace


def tell(school_class: SchoolClass) -> None:
    """Rings, from synchronous code."""
    async_to_sync(get_channel_layer().group_send)(group(school_class), MESSAGE)
