"""Every word that a pod can show is explained."""

from pathlib import Path

import pytest
from django.utils import translation

from minikweb.dashboard import reasons
from minikweb.kinds.podstatus import pod_status_word
from tests.kinds.testdata import FOLDER, load

PODS = sorted(path.stem for path in Path(FOLDER).glob("pod-*.yaml"))
UNSAID = "Kubernetes says no more than this word."


def test_it_works():
    found = reasons.explain("CrashLoopBackOff", exit_code=127)
    assert "started again" in str(found.cause)
    assert found.logs == "previous"
    assert "127" in str(found.aside)


@pytest.mark.parametrize("name", PODS)
def test_each_state_of_a_pod_is_explained(name):
    pod = load(name)
    found = reasons.explain_pod(pod, pod_status_word(pod))
    assert str(found.cause) != UNSAID


def test_a_pod_without_room_is_told_apart_from_one_that_waits():
    pod = load("pod-unschedulable")
    assert str(reasons.explain_pod(pod, "Pending").cause) == "The scheduler looked at every node and none fits."
    assert str(reasons.explain_pod(load("pod-pending"), "Pending").cause) != str(
        reasons.explain_pod(pod, "Pending").cause
    )


def test_a_running_pod_that_is_not_ready_is_explained_as_such():
    assert "readiness" in str(reasons.explain_pod(load("pod-notready"), "Running").cause)


def test_init_containers_are_explained_by_their_own_word():
    assert reasons.explain("Init:CrashLoopBackOff").cause == reasons.explain("CrashLoopBackOff").cause
    assert "init containers" in str(reasons.explain("Init:0/2").cause)


def test_an_unknown_word_shows_kubernetes_own_message():
    assert reasons.explain("Bewitched", message="a spell").cause == "a spell"


def test_explanations_follow_the_reader_s_language():
    with translation.override("fr"):
        assert str(reasons.explain("OOMKilled").cause).startswith("Le container a dépassé")
