"""The places of two students with real containers: the terminal is the student, and the pods of others are far away."""

import contextlib

import pytest

from minikweb.people import cluster as places
from minikweb.people.models import SchoolClass, Student
from minikweb.runtime.docker import installation
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.docker, pytest.mark.kubectl]

SCHOOL = SchoolClass(namespace="class-test", title="DevOps")
ZOE = Student(school_class=SCHOOL, pseudonym="Zoé", account="learn-zzz2")
LOU = Student(school_class=SCHOOL, pseudonym="Lou", account="learn-lll2")
TRIED = 'timeout 2 bash -c "exec 3<>/dev/tcp/{}/8080" 2>/dev/null && echo open || echo closed'


@pytest.fixture(scope="module")
def school(docker_cluster):
    """Both have a web server; Zoé has opened her terminal."""
    installation.build_toolbox_image(print)
    client = docker_cluster.client
    places.open_class(client, SCHOOL)
    for student in (ZOE, LOU):
        places.welcome(client, student)
        docker_cluster.kubectl("run", "web", "--image=minikweb/demo:1", "-n", student.account)
    places.open_toolbox(client, ZOE)
    yield docker_cluster
    for student in (ZOE, LOU):
        places.dismiss(client, student)
    with contextlib.suppress(Exception):
        client.delete("Namespace", SCHOOL.namespace)


def typed(school, command):
    """In Zoé's terminal."""
    return school.kubectl("exec", "-n", SCHOOL.namespace, ZOE.account, "--", "bash", "-c", command, check=False)


def address(school, student):
    return until(lambda: school.client.get("Pod", "web", student.account)["status"].get("podIP"), "an address")


def test_it_works(school):
    until(lambda: ZOE.user in typed(school, "kubectl auth whoami"), "a terminal that knows its student")
    assert "web" in typed(school, "kubectl get pods")
    assert "forbidden" in typed(school, f"kubectl get pods -n {LOU.account}")
    assert "forbidden" in typed(school, f"kubectl get pods -n {SCHOOL.namespace}")


def test_the_pods_of_another_are_not_reached(school):
    until(lambda: typed(school, TRIED.format(address(school, ZOE))).strip() == "open", "Zoé's own web server")
    until(lambda: typed(school, TRIED.format(address(school, LOU))).strip() == "closed", "a closed door at Lou's")
