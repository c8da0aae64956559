"""The group authentication.k8s.io: v1. Nothing of it is stored."""

from __future__ import annotations

from minikweb.kinds.registry import Kind

SELF_SUBJECT_REVIEW = Kind(
    group="authentication.k8s.io",
    version="v1",
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    namespaced=False,
    schema="io.k8s.api.authentication.v1.SelfSubjectReview",
    verbs=("create",),
    virtual=True,
)

TOKEN_REVIEW = Kind(
    group="authentication.k8s.io",
    version="v1",
    kind="TokenReview",
    plural="tokenreviews",
    namespaced=False,
    schema="io.k8s.api.authentication.v1.TokenReview",
    verbs=("create",),
    virtual=True,
)

TOKEN_REQUEST = Kind(
    group="authentication.k8s.io",
    version="v1",
    kind="TokenRequest",
    plural="tokenrequests",
    namespaced=True,
    schema="io.k8s.api.authentication.v1.TokenRequest",
    verbs=(),
    virtual=True,
)

KINDS = [SELF_SUBJECT_REVIEW, TOKEN_REVIEW, TOKEN_REQUEST]
