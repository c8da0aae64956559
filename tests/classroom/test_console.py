"""What a teacher sees and does."""

import re

import pytest
from django.utils import timezone

from minikweb.apimachinery.errors import NotFound
from minikweb.people import cluster as places
from minikweb.people.models import SchoolClass, Student, Visit
from minikweb.quiz import live
from minikweb.quiz.models import Attempt, Participant
from minikweb.tutorial import catchup
from minikweb.tutorial.models import Progress
from tests.quiz.room import opened
from tests.running import until


class Room:
    """A class with one student who is at the second step of a lesson."""

    def __init__(self, door):
        self.school_class = door.open_class("Monday")
        self.teacher = door.teacher()
        self.browser, self.zoe = door.student(self.school_class, "Zoé")
        self.url = f"/class/{self.school_class.key}/"
        self.browser.get("/lessons/replicaset/create/")
        Progress.objects.filter(person=self.zoe.account).update(done_at=timezone.now())
        self.browser.get("/lessons/replicaset/heal/")

    def page(self, path="", browser=None):
        answer = (browser or self.teacher).get(self.url + path)
        assert answer.status_code == 200
        return answer.content.decode()

    def do(self, path, **data):
        answer = self.teacher.post(self.url + path, data, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()


@pytest.fixture
def room(door):
    return Room(door)


def cells(page):
    return re.findall(r'<td class="cell (\w*)"', page)


def test_it_works(room):
    page = room.page("?lesson=replicaset")
    assert "Zoé" in page and room.school_class.shown_code in page and "<svg" in page
    assert cells(page)[:3] == ["done", "here", ""]


def test_without_a_class_the_page_says_what_to_do(door):
    page = door.teacher().get("/class/").content.decode()
    assert "There is no class yet" in page and "Open the class" in page


def test_the_lesson_shown_is_where_the_students_are(room):
    assert '<option value="replicaset" selected>' in room.page()


def test_a_visit_is_counted_once(room):
    room.browser.get("/lessons/replicaset/create/")
    assert Visit.objects.filter(student=room.zoe).count() == 2
    assert Student.objects.get().step == "create"


def test_a_namespace_that_a_lesson_deletes_comes_back_with_the_next_step(room, admin, cache):
    second = room.zoe.namespaces[1]
    admin.delete("Namespace", second)
    admin.update({**admin.get("Namespace", second), "spec": {"finalizers": []}}, subresource="finalize")
    until(lambda: cache.informer("Namespace").get(None, second) is None, "a namespace that is gone")
    room.browser.get("/lessons/replicaset/scale/")
    assert admin.get("RoleBinding", "student", second)


def test_a_teachers_own_walk_is_in_no_roster(room):
    room.teacher.get("/lessons/replicaset/scale/")
    assert Visit.objects.filter(step="scale").count() == 0


def test_the_projector_names_nobody(room):
    page = room.page("screen/?lesson=replicaset")
    assert "Zoé" not in page and room.zoe.account not in page
    assert cells(page)[:2] == ["done", "here"]


def test_a_glance_changes_nothing(room):
    Progress.objects.all().delete()
    page = room.page(f"student/{room.zoe.account}/")
    assert "Not yet:" in page
    assert Progress.objects.count() == 0


def test_a_hand_is_raised_and_taken_down(room):
    room.browser.post("/me/lost", {"lost": "1"})
    assert "is lost" in room.page()
    room.do(f"student/{room.zoe.account}/helped")
    assert "is lost" not in room.page()
    assert Student.objects.get().lost_at is None


def test_a_call_names_a_step_that_there_is(room):
    assert room.teacher.post(room.url + "send", {"lesson": "replicaset", "step": "nowhere"}).status_code == 404
    room.do("send", lesson="replicaset", step="scale")
    assert "calls everyone" in room.browser.get("/lessons/").content.decode()


def test_a_reset_empties_the_namespaces_and_makes_what_is_missing(room, admin):
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}, "data": {}}
    admin.create(made, namespace=room.zoe.account)
    admin.delete("RoleBinding", "student", room.zoe.account)
    page = room.do(f"student/{room.zoe.account}/reset")
    assert "1 object deleted" in page
    assert admin.list("ConfigMap", room.zoe.account)["items"] == []
    assert admin.get("RoleBinding", "student", room.zoe.account)
    assert Progress.objects.filter(person=room.zoe.account).exists()


def test_a_late_student_is_brought_to_a_step_as_themselves(room, monkeypatch):
    begun = []
    monkeypatch.setattr(catchup, "begin", lambda lesson, step: begun.append((_actor().person, lesson.slug, step.id)))
    room.do(f"student/{room.zoe.account}/bring", lesson="replicaset", step="scale")
    assert begun == [(room.zoe.account, "replicaset", "scale")]
    assert Student.objects.get().step == "scale"


def _actor():
    from minikweb.people import actor

    return actor.current()


def test_the_export_is_for_a_french_excel(room):
    answer = room.teacher.get(room.url + "export.csv")
    text = answer.content.decode()
    assert text.startswith("\ufeffPseudonym;Joined;Lesson;Step;State;Minutes\r\n")
    assert text.count("Zoé;") == 2 and "attachment" in answer["Content-Disposition"]


def test_closing_ends_access_and_keeps_what_was_learnt(room, admin):
    token = places.token(admin, room.zoe)
    page = room.do("close")
    assert "2 ServiceAccounts" not in page and "1 ServiceAccount with its tokens" in page and "3 Namespaces" in page
    with pytest.raises(NotFound):
        admin.get("ServiceAccount", room.zoe.account, room.school_class.namespace)
    assert token
    assert room.browser.get("/").status_code == 302
    assert room.browser.post("/join/", {"code": room.school_class.code, "pseudonym": "Lou"}).status_code == 422
    assert "Zoé" in room.page() and Progress.objects.filter(person=room.zoe.account).exists()


def test_removing_a_person_deletes_what_is_kept_and_says_so(room):
    Attempt.objects.create(person=room.zoe.account, rule="discordance", mode="exam", seed=1)
    live.join(opened(), "Zoé", "Zoé Zola", room.zoe.account)
    page = room.do(f"student/{room.zoe.account}/remove")
    for told in ("2 Namespaces", "1 ServiceAccount", "2 steps of progress", "2 quizzes", "1 person"):
        assert told in page, told
    assert not Student.objects.exists() and not Progress.objects.exists() and not Attempt.objects.exists()
    assert not Participant.objects.exists(), "what was answered live goes too, with the real name"
    assert SchoolClass.objects.exists()


def test_the_charts_of_who_is_removed_go_too(room, settings, tmp_path):
    settings.OWN_CHARTS_DIR = tmp_path  # whoever gets this account's name later would find them
    room.browser.post("/helm/author/", {"name": "mine"})
    assert list(tmp_path.glob("*/mine"))
    assert "1 chart" in room.do(f"student/{room.zoe.account}/remove")
    assert not list(tmp_path.iterdir())


def test_deleting_a_class_deletes_everybody(room, admin):
    page = room.do("delete")
    assert "1 person" in page and "1 class" in page
    assert not SchoolClass.objects.exists() and not Student.objects.exists() and not Visit.objects.exists()
    left = [one["metadata"]["name"] for one in admin.list("ClusterRoleBinding")["items"]]
    assert not [name for name in left if room.school_class.key in name or room.zoe.account in name]
    ends = [one for one in admin.list("Namespace")["items"] if room.zoe.account in one["metadata"]["name"]]
    assert all("deletionTimestamp" in one["metadata"] for one in ends)


def test_from_loopback_the_code_leads_to_the_network(room, settings):
    settings.ADDRESSES = ["192.168.1.20"]
    answer = room.teacher.get(room.url, headers={"host": "127.0.0.1:8000"})
    assert f"192.168.1.20:{settings.HTTP_PORT}/join/" in answer.content.decode()


def test_where_nobody_can_come_the_page_says_how(door, settings):
    settings.SIGN_IN = False
    page = door.browser().get("/class/").content.decode()
    assert "MINIKWEB_BIND" in page and "createteacher" in page


def test_a_broken_pod_is_on_the_board(room, admin, cache):
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    admin.create(account, namespace=room.zoe.account)
    spec = {"containers": [{"name": "web", "image": "nope:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    admin.create(pod, namespace=room.zoe.account)
    state = {"waiting": {"reason": "ImagePullBackOff"}}
    container = {"name": "web", "ready": False, "restartCount": 0, "state": state, "image": "nope:1", "imageID": ""}
    status = {"status": {"phase": "Pending", "containerStatuses": [container]}}
    done = admin.patch("Pod", "web", status, room.zoe.account, subresource="status")
    until(lambda: cache.informer("Pod").revision >= int(done["metadata"]["resourceVersion"]), "the cache")
    assert "ImagePullBackOff" in room.page()
