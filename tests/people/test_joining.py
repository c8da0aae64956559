"""Coming in: the teacher's sign-in, a student's joining, and coming back."""

import yaml
from django.contrib.auth import get_user_model

from minikweb.people import codes, throttle, views
from minikweb.people.models import SchoolClass, Student
from tests.people.door import PASSWORD


def test_it_works(door, admin):
    school_class = door.open_class()
    browser, zoe = door.student(school_class, "Zoé")
    page = browser.get("/me/").content.decode()
    assert "Welcome, Zoé" in page and zoe.account in page
    assert admin.get("Namespace", zoe.account)["metadata"]["labels"]["minikweb.io/class"] == school_class.key
    assert admin.get("ServiceAccount", zoe.account, school_class.namespace)
    assert "Zoé" not in str(admin.list("Namespace"))


def test_without_a_name_everything_is_closed(door):
    browser = door.browser()
    for path in ("/", "/events/", "/list/pods/", "/lessons/", "/quiz/", "/class/", "/me/", "/new/"):
        answer = browser.get(path)
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next="), path
    assert browser.post("/class/open", {"title": "mine"}).status_code == 403
    assert browser.get("/", headers={"HX-Request": "true"})["HX-Redirect"].startswith("/sign-in/")


def test_on_loopback_nobody_signs_in(door, settings):
    settings.SIGN_IN = False
    assert door.browser().get("/class/").status_code == 200


def test_a_wrong_password_says_no_more_than_that(door):
    door.teacher()
    for name in ("ada", "nobody"):
        answer = door.browser().post("/sign-in/", {"name": name, "password": "wrong"})
        assert answer.status_code == 403
        assert "do not go together" in answer.content.decode()


def test_guessing_a_password_is_slowed_down_for_everybody_elses_address_too(door):
    door.teacher()
    for number in range(throttle.PASSWORDS.burst):
        door.browser(REMOTE_ADDR=f"192.0.2.{number}").post("/sign-in/", {"name": "ada", "password": "wrong"})
    answer = door.browser().post("/sign-in/", {"name": "ada", "password": PASSWORD})
    assert answer.status_code == 429 and "Wait" in answer.content.decode()


def test_signing_in_leads_nowhere_else(door):
    get_user_model().objects.create_user("ada", password=PASSWORD)
    posted = {"name": "ada", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert door.browser().post("/sign-in/", posted)["Location"] == "/"


def test_the_session_of_before_is_not_that_of_after(door):
    get_user_model().objects.create_user("ada", password=PASSWORD)
    browser = door.browser()
    browser.post("/i18n/setlang/", {"language": "en"})
    before = browser.session.session_key
    browser.post("/sign-in/", {"name": "ada", "password": PASSWORD})
    assert browser.session.session_key != before


def test_a_code_that_opens_nothing(door):
    answer = door.browser().post("/join/", {"code": "AAAAAA", "pseudonym": "Zoé"})
    assert answer.status_code == 422 and "No open class" in answer.content.decode()


def test_guessing_codes_is_slowed_down(door):
    school_class = door.open_class()
    for _ in range(throttle.GUESSES.burst):
        assert door.browser().post("/join/", {"code": "AAAAAA", "pseudonym": "Eve"}).status_code == 422
    assert door.browser().post("/join/", {"code": school_class.code, "pseudonym": "Eve"}).status_code == 429
    elsewhere = door.browser(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post("/join/", {"code": school_class.code, "pseudonym": "Lou"}).status_code == 302


def test_guessing_codes_from_everywhere_is_slowed_down(door):
    for number in range(throttle.ALL_GUESSES.burst):
        door.browser(REMOTE_ADDR=f"198.51.100.{number}").post("/join/", {"code": "AAAAAA", "pseudonym": "Eve"})
    answer = door.browser(REMOTE_ADDR="203.0.113.1").post("/join/", {"code": "AAAAAB", "pseudonym": "Eve"})
    assert answer.status_code == 429


def test_a_class_has_so_many_seats(door):
    school_class = door.open_class()
    SchoolClass.objects.update(seats=1)
    door.student(school_class, "Zoé")
    answer = door.browser().post("/join/", {"code": school_class.code, "pseudonym": "Lou"})
    assert answer.status_code == 422 and "seat" in answer.content.decode()
    assert Student.objects.count() == 1


def test_a_flood_of_new_students_is_slowed_down(door, monkeypatch):
    school_class = door.open_class()
    for _ in range(throttle.SEATS.burst):
        throttle.SEATS.count(school_class.key)
    assert door.browser().post("/join/", {"code": school_class.code, "pseudonym": "Lou"}).status_code == 429


def test_two_cannot_be_the_same(door):
    school_class = door.open_class()
    door.student(school_class, "Zoé")
    answer = door.browser().post("/join/", {"code": school_class.code, "pseudonym": " ZOÉ "})
    assert answer.status_code == 422 and "Your key" in answer.content.decode()


def test_another_device_comes_back_with_the_key(door):
    school_class = door.open_class()
    _, zoe = door.student(school_class, "Zoé")
    phone = door.browser()
    posted = {"code": school_class.code, "pseudonym": "zoé", "key": codes.return_key(zoe.account)}
    assert phone.post("/join/", posted).status_code == 302
    assert zoe.account in phone.get("/me/").content.decode()
    assert door.browser().post("/join/", posted | {"key": "2222222222"}).status_code == 422


def test_a_pseudonym_is_one_short_line(door):
    school_class = door.open_class()
    door.browser().post("/join/", {"code": school_class.code, "pseudonym": "a\u202eb\n\n<b>" + "x" * 90})
    assert Student.objects.get().pseudonym == "ab <b>" + "x" * 18
    assert "<b>" not in door.teacher().get(f"/class/{school_class.key}/").content.decode()


def test_the_kubeconfig_is_the_students_alone(door, server):
    school_class = door.open_class()
    browser, zoe = door.student(school_class, "Zoé")
    server.client("admin").create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "PEM"}},
        namespace="default",
    )
    answer = browser.post("/me/kubeconfig")
    config = yaml.safe_load(answer.content)
    assert config["contexts"][0]["context"]["namespace"] == zoe.account
    assert config["clusters"][0]["cluster"]["server"].startswith("https://testserver:")
    assert "no-store" in answer["Cache-Control"]


def test_joining_as_a_student_ends_being_the_teacher(door):
    school_class = door.open_class()
    browser = door.teacher()
    browser.post("/join/", {"code": school_class.code, "pseudonym": "Zoé"})
    assert browser.get("/class/").status_code == 403


def test_a_terminal_is_made_when_it_is_asked_for(door, admin):
    school_class = door.open_class()
    browser, zoe = door.student(school_class, "Zoé")
    assert "A shell of your own" in browser.get("/me/terminal/").content.decode()
    assert browser.post("/me/terminal/")["Location"] == "/me/terminal/"
    assert admin.get("Pod", zoe.account, school_class.namespace)["spec"]["containers"][0]["name"] == "toolbox"
    assert "is being made" in browser.get("/me/terminal/").content.decode()
    running = {"phase": "Running", "containerStatuses": [_container()]}
    admin.patch("Pod", zoe.account, {"status": running}, school_class.namespace, subresource="status")
    page = browser.get("/me/terminal/").content.decode()
    assert f"/ws/exec/{school_class.namespace}/{zoe.account}/" in page
    assert door.teacher().get("/me/terminal/").status_code == 404


def _container():
    state = {"running": {"startedAt": "2026-11-23T12:00:00Z"}}
    return {"name": "toolbox", "ready": True, "restartCount": 0, "state": state, "image": "x", "imageID": ""}


def test_on_a_cluster_elsewhere_the_kubeconfig_names_that_cluster(door, settings, tmp_path, rf):
    path = tmp_path / "config"
    cluster = {"name": "lab", "cluster": {"server": "https://lab.example:6443"}}
    context = {"name": "lab", "context": {"cluster": "lab"}}
    path.write_text(yaml.safe_dump({"clusters": [cluster], "contexts": [context], "current-context": "lab"}))
    settings.KUBECONFIG = str(path)
    assert views.api_address(rf.get("/me/")) == "https://lab.example:6443"
