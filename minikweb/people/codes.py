"""Codes that people read from a wall and type on a phone. Pure, but for the randomness of `new`."""

from __future__ import annotations

import secrets

from django.utils.crypto import constant_time_compare, salted_hmac

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 O, 1 I L, U: what is read aloud is typed right
CLASS_LENGTH = 6  # 30^6: at sixty guesses a minute for everybody together, eleven years for an even chance
NAME_LENGTH = 4
RETURN_LENGTH = 10


def new(length: int) -> str:
    """A random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def read(text: str) -> str:
    """What was typed as a code means: blanks, dashes and case count for nothing."""
    return "".join(sign for sign in text[:64].upper() if sign.isalnum())


def shown(code: str) -> str:
    """A code in two halves, easier to read aloud: `K7M 2QX`."""
    half = (len(code) + 1) // 2
    return f"{code[:half]} {code[half:]}"


def return_key(account: str) -> str:
    """What brings a student back on another device. Made from the server's key, so it is stored nowhere."""
    digest = int.from_bytes(salted_hmac("minikweb.people.return", account, algorithm="sha256").digest(), "big")
    signs = []
    for _ in range(RETURN_LENGTH):
        digest, sign = divmod(digest, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return "".join(signs)


def is_return_key(account: str, typed: str) -> bool:
    """Whether the key belongs to the account, in a time that tells nothing."""
    return constant_time_compare(return_key(account), read(typed))
