"""The console hears of each step that somebody finishes."""

from typing import Any

from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    name = "minikweb.classroom"
    label = "classroom"

    def ready(self) -> None:
        from django.db.models.signals import post_save

        from minikweb.tutorial.models import Progress

        post_save.connect(_ring, sender=Progress, dispatch_uid="classroom")


def _ring(instance: Any, **_: Any) -> None:
    from minikweb.people import changes
    from minikweb.people.models import Student

    student = Student.objects.select_related("school_class").filter(account=instance.person).first()
    if student:
        changes.tell(student.school_class)
