"""What the checks say of the cluster, in each language the lessons have. Markdown: names and values are in code."""

from __future__ import annotations

from typing import Any

Words = dict[str, str]  # text by language

_LONGEST = 120  # characters of a value that are shown

# Why a container waits, as `kubectl get pods` says it → what to do about it. {c} is the container, {i} its image.
_WAITING = {
    "ImagePullBackOff": (
        "L'image `{i}` du container `{c}` est introuvable : vérifiez son nom et sa version.",
        "The image `{i}` of container `{c}` cannot be found: check its name and its version.",
    ),
    "CrashLoopBackOff": (
        "Le container `{c}` s'arrête à peine démarré : `kubectl logs` dit pourquoi.",
        "Container `{c}` ends as soon as it has started: `kubectl logs` says why.",
    ),
    "CreateContainerConfigError": (
        "Le container `{c}` attend sa configuration : un ConfigMap, un Secret ou une de leurs clés manque.",
        "Container `{c}` waits for its configuration: a ConfigMap, a Secret or one of their keys is missing.",
    ),
    "ContainerCreating": (
        "Le container `{c}` démarre : encore quelques secondes.",
        "Container `{c}` is starting: a few more seconds.",
    ),
    "PodInitializing": (
        "Les init containers n'ont pas fini : le container `{c}` attend son tour.",
        "The init containers have not finished: container `{c}` waits for its turn.",
    ),
}
_WAITING["ErrImagePull"] = _WAITING["InvalidImageName"] = _WAITING["ErrImageNeverPull"] = _WAITING["ImagePullBackOff"]


def both(fr: str, en: str) -> Words:
    return {"fr": fr, "en": en}


def code(value: Any) -> str:
    """A value of the cluster as code: it cannot end the code, and is cut when long."""
    text = str(value).replace("`", "'").replace("\n", " ")
    return f"`{text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}`" if text else "``` ```"


def absent(kind: str, name: str, namespace: str | None) -> Words:
    return both(
        f"aucun {kind} ne s'appelle {code(name)}" + (f" dans le namespace {code(namespace)}" if namespace else ""),
        f"no {kind} is called {code(name)}" + (f" in the namespace {code(namespace)}" if namespace else ""),
    )


def present(kind: str, name: str) -> Words:
    return both(f"le {kind} {code(name)} est encore là", f"{kind} {code(name)} is still there")


def field(path: str, value: Any) -> Words:
    if value is None:
        return both(f"{code(path)} n'est pas défini", f"{code(path)} is not set")
    if value == "":
        return both(f"{code(path)} est vide", f"{code(path)} is empty")
    return both(f"{code(path)} vaut {code(value)}", f"{code(path)} is {code(value)}")


def owner(kind: str, name: str, found: str) -> Words:
    if not found:
        return both(f"le {kind} {code(name)} n'a pas de propriétaire", f"{kind} {code(name)} has no owner")
    return both(f"le {kind} {code(name)} appartient au {code(found)}", f"{kind} {code(name)} is owned by {code(found)}")


def health(kind: str, name: str, word: str) -> Words:
    return both(f"l'état du {kind} {code(name)} : {word}", f"the state of {kind} {code(name)}: {word}")


def number(kind: str, count: int) -> Words:
    plural = "" if count == 1 else "s"
    if count == 0:
        return both(f"aucun {kind} qui convienne", f"no {kind} that fits")
    return both(
        f"{count} {kind}{plural} qui conviennent" if count > 1 else f"1 {kind} qui convient",
        f"{count} {kind}{plural} that fit{'' if count > 1 else 's'}",
    )


def together(parts: list[Words]) -> Words:
    return {language: ", ".join(part[language] for part in parts) for language in ("fr", "en")}


def in_another_namespace(kind: str, name: str, namespaces: list[str], namespace: str) -> Words:
    return both(
        f"Il y a un {kind} {code(name)} dans le namespace {code(namespaces[0])} : "
        f"l'option `-n {namespace}` a dû être oubliée.",
        f"There is a {kind} {code(name)} in the namespace {code(namespaces[0])}: "
        f"the option `-n {namespace}` was probably forgotten.",
    )


def another_name(kind: str, name: str, seen: str) -> Words:
    return both(
        f"Il y a bien un {kind} {code(seen)}, mais c'est {code(name)} qui est attendu.",
        f"There is a {kind} {code(seen)}, but {code(name)} is the name expected.",
    )


def waiting(container: str, image: str, reason: str, message: str) -> Words:
    """Why a container does not run: in our words where we have them, else as the cluster says it."""
    if reason in _WAITING:
        fr, en = (text.format(c=container, i=image) for text in _WAITING[reason])
        return both(fr, en)
    told = f"{reason}: {message}" if message else reason
    return both(f"Le container `{container}` attend : {code(told)}.", f"Container `{container}` waits: {code(told)}.")


def unschedulable(pod: str, message: str) -> Words:
    return both(
        f"Aucun nœud ne peut recevoir le Pod {code(pod)} : {code(message)}.",
        f"No node can take the Pod {code(pod)}: {code(message)}.",
    )
