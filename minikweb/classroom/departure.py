"""What goes when a person or a class goes: from the cluster, the lessons, the quiz, the charts. And how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from minikweb.client.client import Client
from minikweb.dashboard import drafts
from minikweb.people import changes, cluster
from minikweb.people.models import SchoolClass, Student
from minikweb.quiz import attempts
from minikweb.tutorial.models import Progress

Deleted = Counter[str]  # what → how many; kinds of the cluster and names of our own


def close(client: Client, school_class: SchoolClass, now: object) -> Deleted:
    """Ends a class: nobody comes in, namespaces and tokens go; what was learnt stays for the teacher."""
    SchoolClass.objects.filter(pk=school_class.pk).update(closed_at=now)
    deleted = _kinds(cluster.close_class(client, school_class))
    changes.tell(school_class)
    return deleted


def delete_student(client: Client, student: Student) -> Deleted:
    """Removes a person altogether."""
    school_class = student.school_class
    deleted = _kinds(cluster.dismiss(client, student)) + _memories([student])
    changes.tell(school_class)
    return deleted


def delete_class(client: Client, school_class: SchoolClass) -> Deleted:
    """Removes a class altogether, everybody in it included."""
    deleted = _kinds(cluster.close_class(client, school_class)) + _memories(list(school_class.students.all()))
    school_class.delete()
    changes.tell(school_class)
    return deleted + Counter({"class": 1})


def _kinds(removed: Iterable[str]) -> Deleted:
    return Counter(name.partition("/")[0] for name in removed)


def _memories(students: list[Student]) -> Deleted:
    """Deletes what is kept about these people, themselves last."""
    people = [student.person for student in students]
    steps, _ = Progress.objects.filter(person__in=people).delete()
    quizzes, answers = attempts.forget(people)
    charts = sum(map(drafts.forget, people))
    _, own = Student.objects.filter(pk__in=[student.pk for student in students]).delete()
    found = {"step": steps, "attempt": quizzes, "answer": answers, "chart": charts}
    return Counter({key: count for key, count in found.items() if count}) + Counter({"person": own["people.Student"]})
