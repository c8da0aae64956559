"""The four tables. Django's migrations make them; the hot path (storage.py) speaks SQL to them."""

from __future__ import annotations

from django.db import models


class Object(models.Model):
    """An object as it is now. Its id is the revision of its creation, so no key has to be read back."""

    id = models.BigIntegerField(primary_key=True)
    resource = models.TextField()  # Kind.storage_key: pods, deployments.apps
    namespace = models.TextField()  # "" for what is cluster-scoped
    name = models.TextField()
    uid = models.TextField()
    owner = models.TextField()  # uid of the controlling owner, "" without one
    node = models.TextField()  # spec.nodeName of a pod, else ""
    revision = models.BigIntegerField()  # of the last write = metadata.resourceVersion
    expires = models.FloatField(null=True)  # seconds since 1970, for Events
    body = models.TextField()  # JSON

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource", "namespace", "name"], name="object_key")]
        indexes = [
            models.Index(fields=["owner"], name="object_owner", condition=~models.Q(owner="")),
            models.Index(fields=["node"], name="object_node", condition=~models.Q(node="")),
            models.Index(fields=["expires"], name="object_expires", condition=models.Q(expires__isnull=False)),
        ]


class Label(models.Model):
    """A label of an object, so that a selector never parses what it does not return."""

    object_id = models.BigIntegerField(db_index=True)  # no constraint: storage.py deletes both in one transaction
    key = models.TextField()
    value = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["key", "value", "object_id"], name="label_value")]


class Revision(models.Model):
    """One write: what a watch replays, and who did it."""

    revision = models.BigIntegerField(primary_key=True)
    resource = models.TextField()
    namespace = models.TextField()
    name = models.TextField()
    type = models.TextField()  # ADDED, MODIFIED, DELETED
    body = models.TextField()  # the object after it; of a deletion the last object, with this revision
    previous = models.BigIntegerField(null=True)  # the object's revision before it
    at = models.FloatField()  # seconds since 1970
    user = models.TextField()
    agent = models.TextField()
    verb = models.TextField()
    manager = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["resource", "revision"], name="revision_resource"),
            models.Index(fields=["at"], name="revision_at"),
            models.Index(fields=["previous"], name="revision_previous", condition=models.Q(previous__isnull=False)),
        ]


class Counter(models.Model):
    """`revision`: the last one given. `compacted` and `compacted/<resource>`: the last one no longer kept."""

    name = models.TextField(primary_key=True)
    value = models.BigIntegerField()
