"""Coming in and going out: a teacher's sign-in, a student's joining, and the student's own page."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login, logout
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import normalize_newlines
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minikweb.apimachinery.errors import ApiError
from minikweb.client.kubeconfig import server_of
from minikweb.client.shared import shared_cache
from minikweb.kinds.podstatus import summary
from minikweb.people import changes, cluster, codes, grants, session, throttle
from minikweb.people.middleware import open_to_all
from minikweb.people.models import SchoolClass, Student

LONGEST_NAME = 24  # of a pseudonym: it has to fit a column of the roster


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as the throttles count."""
    return request.META.get("REMOTE_ADDR") or "?"


def _later(seconds: float) -> str:
    return _("Too many tries. Wait %(seconds)d seconds, then try again.") % {"seconds": int(seconds) + 1}


# --- Teachers ----------------------------------------------------------------------------------------


@open_to_all
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The teacher's name and password."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    context = {"next": target, "nobody": not get_user_model().objects.exists(), "name": "", "problem": ""}
    if request.method == "GET":
        return render(request, "people/sign_in.html", context)
    name = request.POST.get("name", "")[:150]
    keys = (f"address {address_of(request)}", f"name {name.lower()}")
    if wait := max(throttle.PASSWORDS.wait(key) for key in keys):
        return render(request, "people/sign_in.html", context | {"name": name, "problem": _later(wait)}, status=429)
    user = authenticate(request, username=name, password=request.POST.get("password", "")[:1000])
    if user is None:
        for key in keys:
            throttle.PASSWORDS.count(key)
        problem = _("This name and this password do not go together.")
        return render(request, "people/sign_in.html", context | {"name": name, "problem": problem}, status=403)
    request.session.flush()
    login(request, user)
    return redirect(target)


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forgets who this browser is, teacher or student."""
    logout(request)
    return redirect("people:join" if settings.SIGN_IN else "dashboard:tree")


# --- Students ----------------------------------------------------------------------------------------


@open_to_all
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, code: str = "") -> HttpResponse:
    """A code and a pseudonym; for who comes back on another device, the key, too."""
    student = session.student_of(request.session)
    if request.method == "GET" and student:
        return redirect("people:me")
    context = {"code": codes.read(code), "pseudonym": "", "problem": "", "taken": False}
    if request.method == "GET":
        return render(request, "people/join.html", context)
    context["code"] = codes.read(request.POST.get("code", ""))
    context["pseudonym"] = pseudonym_of(request.POST.get("pseudonym", ""))
    wait = max(throttle.GUESSES.wait(address_of(request)), throttle.ALL_GUESSES.wait("all"))
    if wait:
        return render(request, "people/join.html", context | {"problem": _later(wait)}, status=429)
    return _enter(request, context)


def pseudonym_of(typed: str) -> str:
    """A pseudonym as it is kept: one line, no signs that are not seen, no blanks around."""
    line = " ".join(normalize_newlines(typed[:200]).split())
    return "".join(sign for sign in line if sign.isprintable())[:LONGEST_NAME].strip()


def _enter(request: HttpRequest, context: dict) -> HttpResponse:
    school_class = SchoolClass.objects.filter(code=context["code"], closed_at=None).first()
    if school_class is None:
        return _guessed(request, context | {"problem": _("No open class has this code.")})
    if not context["pseudonym"]:
        return _again(request, context | {"problem": _("Choose a pseudonym: your first name or anything else.")})
    wanted = context["pseudonym"].casefold()  # SQLite's own comparison knows no accents
    known = next((one for one in school_class.students.all() if one.pseudonym.casefold() == wanted), None)
    if known is None:
        return _take_a_seat(request, school_class, context)
    if not request.POST.get("key"):
        taken = _("Somebody in this class has this pseudonym. Take another one, or come back with your key.")
        return _again(request, context | {"problem": taken, "taken": True})
    if not codes.is_return_key(known.account, request.POST["key"]):
        return _guessed(request, context | {"problem": _("This is not the key of this pseudonym."), "taken": True})
    session.enter(request.session, known)
    return redirect("people:me")


def _guessed(request: HttpRequest, context: dict) -> HttpResponse:
    throttle.GUESSES.count(address_of(request))
    throttle.ALL_GUESSES.count("all")
    return _again(request, context)


def _again(request: HttpRequest, context: dict) -> HttpResponse:
    return render(request, "people/join.html", context, status=422)


def _take_a_seat(request: HttpRequest, school_class: SchoolClass, context: dict) -> HttpResponse:
    if wait := throttle.SEATS.wait(school_class.key):
        return render(request, "people/join.html", context | {"problem": _later(wait)}, status=429)
    throttle.SEATS.count(school_class.key)
    try:
        with transaction.atomic():
            if school_class.students.count() >= school_class.seats:
                return _again(request, context | {"problem": _("Every seat of this class is taken: ask the teacher.")})
            account = Student.new_account()
            student = school_class.students.create(pseudonym=context["pseudonym"], account=account)
    except IntegrityError:  # two with the same idea in the same moment
        return _again(request, context | {"problem": _("Somebody was faster: take another pseudonym."), "taken": True})
    try:
        cluster.welcome(shared_cache().client.acting_as(cluster.FIELD_MANAGER), student)
    except ApiError:
        student.delete()
        raise
    session.enter(request.session, student)
    changes.tell(school_class)
    return redirect("people:me")


@open_to_all
@require_GET
def over(request: HttpRequest) -> HttpResponse:
    """For a student whose class is closed, or who was removed from it."""
    if session.student_of(request.session) is None:
        request.session.flush()
    return render(request, "people/over.html")


def present_student(request: HttpRequest) -> Student:
    """The student at this page. Raises Http404 for everybody else."""
    student = session.student_of(request.session)
    if student is None:
        raise Http404
    return student


@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """The student's own page: where to begin, the key for another device, the kubeconfig."""
    student = present_student(request)
    file = f"kubeconfig-{student.account}.yaml"
    kubectl = f"export KUBECONFIG=~/Downloads/{file}\nkubectl get pods"
    context = {"student": student, "server": api_address(request), "kubectl": kubectl}
    return render(request, "people/me.html", context)


def api_address(request: HttpRequest) -> str:
    """Where the reader's kubectl finds the API: the host of this page and the API's port, or the cluster elsewhere."""
    if settings.KUBECONFIG:
        return server_of(settings.KUBECONFIG)
    host = urlsplit(f"//{request.get_host()}").hostname or "127.0.0.1"
    return f"https://{f'[{host}]' if ':' in host else host}:{settings.API_PORT}"


@require_POST
def kubeconfig(request: HttpRequest) -> HttpResponse:
    """The student's kubeconfig, with a new token."""
    student = present_student(request)
    client = shared_cache().client.acting_as(cluster.FIELD_MANAGER)
    text = cluster.kubeconfig(client, student, api_address(request))
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="kubeconfig-{student.account}.yaml"'
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
def terminal(request: HttpRequest) -> HttpResponse:
    """A shell of the student's own with kubectl, in the browser. POST has its pod made."""
    student = present_student(request)
    client = shared_cache().client.acting_as(cluster.FIELD_MANAGER)
    if request.method == "POST":
        cluster.open_toolbox(client, student)
        return redirect("people:terminal")
    pod = cluster.toolbox_of(client, student)
    found = summary(pod) if pod else None
    runs = found is not None and found.word == "Running"
    context = {
        "student": student,
        "word": found.word if found else "",
        "simulated": cluster.is_simulated(client),
        "entry": {"namespace": student.school_class.namespace, "name": student.account},
        "names": [grants.TOOLBOX],
        "container": grants.TOOLBOX if runs else "",
    }
    return render(request, "people/terminal.html", context)


@require_POST
def lost(request: HttpRequest) -> HttpResponse:
    """« Je suis perdu » : raises the hand, or takes it down again."""
    student = present_student(request)
    student.lost_at = timezone.now() if request.POST.get("lost") == "1" else None
    student.save(update_fields=["lost_at"])
    changes.tell(student.school_class)
    if request.headers.get("HX-Request") == "true":
        return render(request, "people/hand.html", {"student": student})
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}) else "people:me")


@require_POST
def follow(request: HttpRequest) -> HttpResponse:
    """Goes where the teacher sent everyone."""
    student = present_student(request)
    if not student.school_class.step:
        raise Http404
    student.followed_at = timezone.now()
    student.save(update_fields=["followed_at"])
    target = reverse("tutorial:step", args=[student.school_class.lesson, student.school_class.step])
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return redirect(target)
