"""The group authorization.k8s.io: v1. Nothing of it is stored."""

from __future__ import annotations

from minikweb.kinds.registry import Kind


def _review(kind: str, *, namespaced: bool = False) -> Kind:
    return Kind(
        group="authorization.k8s.io",
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        namespaced=namespaced,
        schema=f"io.k8s.api.authorization.v1.{kind}",
        verbs=("create",),
        virtual=True,
    )


KINDS = [
    _review("LocalSubjectAccessReview", namespaced=True),
    _review("SelfSubjectAccessReview"),
    _review("SelfSubjectRulesReview"),
    _review("SubjectAccessReview"),
]
