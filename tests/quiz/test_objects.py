"""Questions about the learner's own objects: which one is meant, and what is filled in."""

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from minikweb.quiz import attempts, bank, cluster, library, objects
from minikweb.quiz.models import Attempt

READS = {
    "kind": "Deployment",
    "where": [{"path": "spec.replicas", "at-least": 2}],
    "values": {"name": "metadata.name", "n": "spec.replicas"},
    "an-object": {"fr": "un Deployment de deux répliques", "en": "a Deployment of two replicas"},
}


def deployment(name, replicas, created="2026-01-01T00:00:00Z"):
    metadata = {"name": name, "namespace": "learn", "creationTimestamp": created}
    return {"metadata": metadata, "spec": {"replicas": replicas}}


def read(*found, **changes):
    return objects.read(objects.parse(READS | changes, bank.LANGUAGES), list(found))


def test_it_works():
    values = read(deployment("small", 1), deployment("web", 3))
    text = "`{name}` has {n}; one less is {n-1}, one more {n+1}; {other} and {app: web}"
    assert objects.filled(text, values) == "`web` has 3; one less is 2, one more 4; {other} and {app: web}"


def test_the_newest_object_that_fits_is_meant():
    values = read(deployment("old", 2), deployment("new", 2, "2026-02-01T00:00:00Z"), deployment("no", 1, "2027"))
    assert values == {"name": "new", "n": "2", "NAME": "new", "NAMESPACE": "learn", "KIND": "Deployment"}


@pytest.mark.parametrize("found", [(), (deployment("web", 1),), ({"metadata": {"name": "bare"}},)])
def test_without_such_an_object_there_is_nothing_to_ask(found):
    assert read(*found) is None


def test_an_object_that_is_going_is_not_asked_about():
    leaving = deployment("web", 3)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z"
    assert read(leaving) is None


def test_an_object_that_lacks_a_value_does_not_fit():
    assert read(deployment("web", 3), values={"image": "spec.template.spec.containers.0.image"}) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "Secret"}, "not Secret"),
        ({"kind": 3}, "kind is a kind"),
        ({"where": [{"path": "a", "below": 3}]}, "a condition has a path and one of"),
        ({"where": [{"equals": 3}]}, "a condition has a path"),
        ({"values": {"N N": "a"}}, "small letters"),
        ({"values": {"n": ""}}, "a path is like"),
        ({"an-object": {"fr": "un"}}, "fr and en"),
        ({"more": 1}, "reads has kind"),
    ],
)
def test_a_faulty_declaration_says_what_is_expected(changes, message):
    with pytest.raises(ValueError, match=message):
        objects.parse(READS | changes, bank.LANGUAGES)


@given(st.text(max_size=300))
def test_a_value_is_one_line_of_plain_text(value):
    shown = read(deployment(value, 2))["name"]
    assert "\n" not in shown and "`" not in shown and len(shown) <= objects.LONGEST


@pytest.fixture
def own(monkeypatch):
    """The learner's objects, by kind."""
    found = {}
    monkeypatch.setattr(cluster, "_objects", lambda kind, deadline: found.get(kind, []))
    return found


def about_own_objects():
    return {id: one for id, one in library.questions().items() if one.reads}


def test_the_bank_has_questions_about_own_objects_in_both_languages():
    questions = about_own_objects()
    assert len(questions) >= 8
    for question in questions.values():
        names = {name for name, _ in question.reads.values}
        for language in bank.LANGUAGES:
            used = objects._PLACE.findall(" ".join(one[language] for one in _texts(question)))
            assert {name for name, _, _ in used} <= names | {"namespace"}, question.id
        assert {n for n, _, _ in objects._PLACE.findall(question.stem["fr"])} == {
            n for n, _, _ in objects._PLACE.findall(question.stem["en"])
        }, question.id


def _texts(question):
    return [question.stem, *(option.text for option in question.options), *(option.why for option in question.options)]


@pytest.mark.django_db(databases=["default"])
def test_a_series_asks_about_the_object_as_it_was_at_the_start(client, own):
    id = "replicaset-yours-delete"
    assert library.questions()[id].reads
    start = {"chapter": "replicaset", "rule": "discordance", "mode": "training", "size": "0"}
    client.post("/quiz/start", start)
    assert id not in [one.id for one in attempts.in_order(Attempt.objects.latest("id"), library.questions())]

    own["ReplicaSet"] = [deployment("mine", 4) | {"status": {"readyReplicas": 4}}]
    client.post("/quiz/start", start)
    own["ReplicaSet"] = [deployment("mine", 9) | {"status": {"readyReplicas": 9}}]
    attempt = Attempt.objects.latest("id")
    series = attempts.graded(attempt, library.questions())
    number = next(one.number for one in series if one.question.id == id)
    text = client.get(f"/quiz/{attempt.id}/{number}/").content.decode()
    assert "mine" in text and ">4<" in text and "{" not in text.split('id="stem"')[1].split("</fieldset>")[0]
    right = sorted(series[number - 1].question.right)
    done = client.post(f"/quiz/{attempt.id}/{number}/", {"option": right}, follow=True).content.decode()
    assert "Tout juste." in done
    assert 'href="/objects/ReplicaSet/learn/mine/"' in done


@pytest.mark.django_db(databases=["default"])
def test_the_page_says_which_objects_questions_wait_for(client, own):
    assert "vos propres objets" in client.get("/quiz/").content.decode()


@pytest.mark.django_db(databases=["default"])
def test_a_class_is_not_asked_about_the_objects_of_one(client, own):
    own["ReplicaSet"] = [deployment("mine", 4)]
    text = client.get("/quiz/live/").content.decode()
    assert not [id for id in about_own_objects() if f'value="{id}"' in text]


def test_every_question_of_the_bank_can_be_looked_at_somewhere(settings):
    known = {"Application", "SealedSecret", "CustomResourceDefinition"}
    for question in library.questions().values():
        assert not question.see or question.see in known or cluster._builtin().named(question.see), question.id


def test_the_installation_has_no_faulty_question():
    assert library.faults() == []
    assert settings.LESSONS_DIRS
