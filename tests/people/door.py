"""Browsers at the doors of the pages."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.test import Client

from minikweb.people.models import SchoolClass, Student

PASSWORD = "correct horse battery"


class Door:
    """`teacher()` signs in, `open_class()` opens one as a teacher does, `student(…)` joins it; each has a browser."""

    def browser(self, **options) -> Client:
        return Client(HTTP_ACCEPT_LANGUAGE="en", **options)

    def teacher(self, name: str = "ada") -> Client:
        if not get_user_model().objects.filter(username=name).exists():
            get_user_model().objects.create_user(name, password=PASSWORD)
        browser = self.browser()
        answer = browser.post("/sign-in/", {"name": name, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        return browser

    def open_class(self, title: str = "DevOps") -> SchoolClass:
        answer = self.teacher().post("/class/open", {"title": title})
        assert answer.status_code == 302, answer.content.decode()
        return SchoolClass.objects.order_by("-pk")[0]

    def student(self, school_class: SchoolClass, pseudonym: str) -> tuple[Client, Student]:
        browser = self.browser()
        answer = browser.post("/join/", {"code": school_class.code, "pseudonym": pseudonym})
        assert answer.status_code == 302, answer.content.decode()
        return browser, Student.objects.select_related("school_class").get(pseudonym=pseudonym)
