"""The classes and who is in them. A teacher is a user of Django's; what students did is with the lessons."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone

from minikweb.people import codes, grants
from minikweb.people.actor import Actor

SECOND = "-lab"  # the second namespace of a student, which a lesson has them leave and delete


class SchoolClass(models.Model):
    """A group that learns together. `code` lets students in while the class is open."""

    title = models.CharField(max_length=80)
    code = models.CharField(max_length=12, unique=True)
    namespace = models.CharField(max_length=40, unique=True)
    seats = models.PositiveSmallIntegerField(default=40)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    lesson = models.CharField(max_length=64, blank=True)  # where the teacher sent everyone last
    step = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)

    @classmethod
    def open_new(cls, title: str) -> SchoolClass:
        """A class with a code of its own, open at once."""
        key = codes.new(codes.NAME_LENGTH).lower()
        return cls.objects.create(title=title, code=codes.new(codes.CLASS_LENGTH), namespace=f"class-{key}")

    @property
    def key(self) -> str:
        """What the labels of its objects say."""
        return self.namespace.removeprefix("class-")

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def shown_code(self) -> str:
        return codes.shown(self.code)


class Student(models.Model):
    """Somebody in a class, by a pseudonym. `account` names their identity and their namespace."""

    school_class = models.ForeignKey(SchoolClass, on_delete=models.CASCADE, related_name="students")
    pseudonym = models.CharField(max_length=32)
    account = models.CharField(max_length=40, unique=True)
    joined_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    lost_at = models.DateTimeField(null=True)  # since when they ask for help
    lesson = models.CharField(max_length=64, blank=True)  # the step they look at
    step = models.CharField(max_length=64, blank=True)
    step_since = models.DateTimeField(null=True)
    followed_at = models.DateTimeField(null=True)  # the last call of the teacher that they followed

    class Meta:
        constraints = [models.UniqueConstraint(fields=("school_class", "pseudonym"), name="one_pseudonym_per_class")]

    @property
    def person(self) -> str:
        """The key of their progress."""
        return self.account

    @property
    def namespaces(self) -> tuple[str, str]:
        return self.account, self.account + SECOND

    @property
    def user(self) -> str:
        return grants.user_name(self.school_class.namespace, self.account)

    @property
    def return_key(self) -> str:
        return codes.shown(codes.return_key(self.account))

    @property
    def is_called(self) -> bool:
        """Whether the teacher sent everyone to a step and this student has not gone there yet."""
        sent = self.school_class.sent_at
        return sent is not None and (self.followed_at is None or self.followed_at < sent)

    @property
    def actor(self) -> Actor:
        """As whom the pages act for them."""
        return Actor(self.person, self.pseudonym, self.account, self.user, frozenset(self.namespaces), self.pk)

    def look_at(self, lesson: str, step: str, now: datetime) -> None:
        """Remembers at which step they are, and since when."""
        if (self.lesson, self.step) != (lesson, step):
            self.lesson, self.step, self.step_since = lesson, step, now
            self.save(update_fields=["lesson", "step", "step_since"])
            Visit.objects.get_or_create(student=self, lesson=lesson, step=step, defaults={"first_at": now})

    @classmethod
    def new_account(cls) -> str:
        """A name that nobody has, and that tells nothing of the person."""
        while True:
            account = f"learn-{codes.new(codes.NAME_LENGTH).lower()}"
            if not cls.objects.filter(account=account).exists():
                return account


class Visit(models.Model):
    """When a student first opened a step."""

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="visits")
    lesson = models.CharField(max_length=64)
    step = models.CharField(max_length=64)
    first_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("student", "lesson", "step"), name="one_visit_per_step")]
