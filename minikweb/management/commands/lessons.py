"""For those who write lessons and teach: proves them on the running cluster, as CI does; keeps demonstrations."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.client.kubeconfig import from_kubeconfig
from minikweb.management.datafolder import Refusal
from minikweb.management.terminal import UserCommand, say
from minikweb.people import actor
from minikweb.quiz import bank
from minikweb.tutorial import cluster, film, lesson, proof, shell


class Command(UserCommand):
    help = "check: each step fails before its solution and passes after it; cast: keep a lesson's demonstration"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check", "cast"])
        parser.add_argument("numbers", nargs="*", type=int, help="the chapters; all without it")
        parser.add_argument("--form", action="store_true", help="check: read the files only; needs no cluster")
        parser.add_argument(
            "--language", choices=lesson.LANGUAGES, default=lesson.LANGUAGES[0], help="cast: of the titles"
        )
        parser.add_argument("--folder", type=Path, default=Path(), help="cast: where the recordings are put")

    def act(self, **options: Any) -> None:
        chosen = _chosen(options["numbers"])
        if options["form"]:
            say(_("%(count)d lessons can be read.") % {"count": len(chosen)})
            return
        kubeconfig = Path(settings.KUBECONFIG or settings.DATA_DIR / "kubeconfig")
        if not kubeconfig.exists():
            raise Refusal(_("No cluster runs here: start it first (make run), or check the files alone with --form."))
        cache = Cache(from_kubeconfig(kubeconfig, user_agent="minikweb-lessons"))
        cache.start()
        try:
            if options["action"] == "cast":
                for one in chosen:
                    _keep(one, cache, kubeconfig, options["language"], options["folder"])
                return
            failed = [one for one in chosen if not _proved(one, cache, kubeconfig)]
        finally:
            cache.stop()
        if failed:
            raise Refusal(_("Not proved: %(lessons)s") % {"lessons": ", ".join(one.folder.name for one in failed)})


def _chosen(numbers: list[int]) -> list[lesson.Lesson]:
    """Reads all lessons and questions; returns the lessons asked for. Raises Refusal."""
    folders = tuple(settings.LESSONS_DIRS)
    problems: list[str] = []
    try:
        found = list(lesson.load_all(folders).values())
    except lesson.LessonError as error:
        raise Refusal(str(error)) from error
    problems += _lost(bank.load_all(folders, problems).values(), found)
    if problems:
        raise Refusal("\n".join(problems))
    unknown = set(numbers) - {one.number for one in found}
    if unknown:
        raise Refusal(_("There is no lesson %(numbers)s.") % {"numbers": ", ".join(map(str, sorted(unknown)))})
    return [one for one in found if not numbers or one.number in numbers]


def _lost(questions: Iterable[bank.Question], lessons: list[lesson.Lesson]) -> list[str]:
    """The questions that name a step which their lesson does not have."""
    steps = {one.slug: {step.id for step in one.steps} for one in lessons}
    wrong = [one for one in questions if one.step and one.step not in steps.get(one.chapter, set())]
    return [
        _("The question %(question)s names a step that the lesson %(lesson)s does not have: %(step)s")
        % {"question": one.id, "lesson": one.chapter, "step": one.step}
        for one in wrong
    ]


def _proved(one: lesson.Lesson, cache: Cache, kubeconfig: Path) -> bool:
    """Proves a lesson in a namespace of its own, which it removes. Says each step."""
    say(one.folder.name)
    namespace = f"proof-{one.slug}-{uuid.uuid4().hex[:5]}"
    problems = []
    try:
        for outcome in proof.prove(one, namespace, cache, kubeconfig):
            problems.append(outcome.problem)
            say(f"  {_said(outcome)}")
    finally:
        _remove(cache.client, namespace)
    return not any(problems)


def _keep(one: lesson.Lesson, cache: Cache, kubeconfig: Path, language: str, folder: Path) -> None:
    """Types a lesson in the local learner's namespace, which must be empty, and keeps it as NN-topic.cast."""
    namespace = actor.LOCAL.namespace
    if found := cluster.leftovers(cache, namespace):
        what = ", ".join(f"{count} {kind}" for kind, count in found)
        raise Refusal(_("The namespace %(namespace)s still holds %(what)s: delete that first.") % locals())
    cluster.ensure_namespace(cache.client, namespace)
    file = folder / f"{one.folder.name}.cast"
    terminal = shell.Shell(kubeconfig, film.folder(one))
    try:
        events = list(film.play(one, one.steps, cluster.NamespaceReader(cache, namespace), terminal, language))
        if problem := next((event.text for event in events if event.kind == "problem"), ""):
            raise Refusal(f"{one.folder.name}: {problem}")
        file.write_text("\n".join(film.asciicast(one.title[language], events)) + "\n", encoding="utf-8")
    finally:
        terminal.close()
        cluster.clean(cache.client, namespace, one)
    say(_("%(file)s: play it with asciinema play, or in any player of asciicasts.") % {"file": file})


def _said(outcome: proof.Outcome) -> str:
    if outcome.problem:
        return f"✘ {outcome.step.id}: {outcome.problem}"
    if outcome.lacks:
        why = _("left out, it needs %(needs)s") % {"needs": ", ".join(outcome.lacks)}
        return f"- {outcome.step.id}: {why}"
    return f"✔ {outcome.step.id}"


def _remove(client: Client, namespace: str) -> None:
    for found in client.list("Namespace")["items"]:
        name = found["metadata"]["name"]
        if name == namespace or name.startswith(f"{namespace}-"):
            client.delete("Namespace", name)
