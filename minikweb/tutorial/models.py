"""How far each person is. The cluster's state is never copied here."""

from __future__ import annotations

from django.db import models


class Progress(models.Model):
    """A step that a person has seen green. It stays done when the cluster moves on."""

    person = models.CharField(max_length=64)
    lesson = models.CharField(max_length=64)
    step = models.CharField(max_length=64)
    done_at = models.DateTimeField(null=True)
    hints_seen = models.PositiveSmallIntegerField(default=0)
    solution_seen = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("person", "lesson", "step"), name="one_progress_per_step")]

    @classmethod
    def of(cls, person: str, lesson: str) -> dict[str, Progress]:
        """Step id → progress of one person in one lesson."""
        return {progress.step: progress for progress in cls.objects.filter(person=person, lesson=lesson)}
