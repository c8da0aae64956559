"""Who calls: bearer tokens signed by the cluster's key, and impersonation.

A user's token is a JWT as an OIDC issuer's, so no table of people is needed; a ServiceAccount's token is bound to
its uid as in Kubernetes (pkg/serviceaccount/claims.go).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from minikweb.apimachinery.errors import BadRequest, Unauthorized

ISSUER = "https://kubernetes.default.svc.cluster.local"
ALGORITHM = "ES256"
ANONYMOUS_PATHS = ("/healthz", "/livez", "/readyz", "/version")

AUTHENTICATED = "system:authenticated"
SERVICE_ACCOUNT = "system:serviceaccount:"
_EXTRA = "impersonate-extra-"
_REMEMBERED = 1_000  # tokens whose signature need not be checked again


@dataclass(frozen=True)
class User:
    """An identity: name, groups, uid and what else the token says."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


class Issuer:
    """Signs tokens and reads them back."""

    def __init__(self, key: EllipticCurvePrivateKey, clock: Callable[[], float] = time.time):
        self._key = key
        self._public = key.public_key()
        self._clock = clock

    def issue(self, user: str, groups: Sequence[str] = (), ttl: float | None = None, **claims: Any) -> str:
        """A token for a user; ttl in seconds, None for one that does not end."""
        now = int(self._clock())
        content = {"iss": ISSUER, "sub": user, "groups": list(groups), "iat": now, "nbf": now, **claims}
        if ttl is not None:
            content["exp"] = now + int(ttl)
        return jwt.encode(content, self._key, ALGORITHM)

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of ours. Raises jwt.InvalidTokenError."""
        options = {
            "verify_aud": False,
            "require": ["sub"],
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        claims = jwt.decode(token, self._public, [ALGORITHM], issuer=ISSUER, options=options)
        if claims.get("exp", float("inf")) <= self._clock():
            raise jwt.ExpiredSignatureError("the token has expired")
        return claims


def issue_token(key: EllipticCurvePrivateKey, user: str, groups: Sequence[str] = (), ttl: float | None = None) -> str:
    """A bearer token for a user of these groups; ttl in seconds, None for one that does not end."""
    return Issuer(key).issue(user, groups, ttl)


class Authenticator:
    """Turns the headers of a request into a user.

    `account(namespace, name)` gives the uid of a ServiceAccount or None: its tokens die with it.
    """

    def __init__(
        self, issuer: Issuer, account: Callable[[str, str], str | None], clock: Callable[[], float] = time.time
    ):
        self.issuer = issuer
        self._account = account
        self._clock = clock
        self._remembered: dict[str, tuple[User, float]] = {}
        self._lock = threading.Lock()

    def authenticate(self, headers: Mapping[str, str]) -> User:
        """The user of the bearer token, ANONYMOUS without one. Raises Unauthorized for a token that is not good."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not token:
            return ANONYMOUS
        if scheme.lower() != "bearer":
            raise Unauthorized("Unauthorized: only bearer tokens are understood")
        return self.of_token(token.strip())

    def of_token(self, token: str) -> User:
        """Raises Unauthorized."""
        remembered = self._remembered.get(token)
        if remembered and remembered[1] > self._clock():
            return remembered[0]
        try:
            claims = self.issuer.read(token)
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthorized("Unauthorized") from error
        user = self._user(claims)
        if not claims.get("kubernetes.io"):
            self._remember(token, user, claims.get("exp", float("inf")))
        return user

    def _remember(self, token: str, user: User, until: float) -> None:
        with self._lock:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[token] = (user, until)

    def _user(self, claims: Mapping[str, Any]) -> User:
        bound = claims.get("kubernetes.io")
        if not bound:
            return User(claims["sub"], (*claims.get("groups", ()), AUTHENTICATED), claims.get("uid", ""))
        account = bound["serviceaccount"]
        if self._account(bound["namespace"], account["name"]) != account["uid"]:
            raise Unauthorized("Unauthorized")
        extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]} if claims.get("jti") else {}
        return User(claims["sub"], service_account_groups(bound["namespace"]), account["uid"], extra)


def service_account_groups(namespace: str) -> tuple[str, ...]:
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)


def impersonated(headers: Mapping[str, str], groups: Sequence[str]) -> User | None:
    """The user that Impersonate-* headers ask to be; `groups` are the values of all Impersonate-Group headers.

    Raises BadRequest.
    """
    name, uid = headers.get("impersonate-user", ""), headers.get("impersonate-uid", "")
    extra = {
        unquote(header.removeprefix(_EXTRA)): [value] for header, value in headers.items() if header.startswith(_EXTRA)
    }
    if not name:
        if groups or uid or extra:
            raise BadRequest("the headers ask to impersonate groups or a uid, but no user: add Impersonate-User")
        return None
    wanted = tuple(groups)
    if name.startswith(SERVICE_ACCOUNT):
        if name.count(":") != 3:
            raise BadRequest(f'"{name}" is not the name of a service account: system:serviceaccount:<namespace>:<name>')
        wanted = wanted or service_account_groups(name.split(":")[2])
    elif name == ANONYMOUS.name:
        return User(name, wanted or ANONYMOUS.groups, uid, extra)
    return User(name, wanted if AUTHENTICATED in wanted else (*wanted, AUTHENTICATED), uid, extra)
