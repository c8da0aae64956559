"""Makes the account of a teacher, or gives it a new password."""

import argparse
import getpass
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.management import preparation
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import UserCommand, say

GENERATED = 16  # signs of a password that we make
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # to be read and typed


class Command(UserCommand):
    help = "Make a teacher's account, or give it a new password"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="asked for when it is missing")
        parser.add_argument("--generate", action="store_true", help="make a password and print it, instead of asking")

    def act(self, name: str | None = None, generate: bool = False, **options: Any) -> None:
        folder = DataFolder(settings.DATA_DIR)
        if not folder.exists():
            raise Refusal(_("There is no cluster in %(folder)s: start it with `make run`.") % {"folder": folder.path})
        preparation.migrate()
        name = (name or _ask(_("Name: "))).strip()
        if not name:
            raise Refusal(_("A teacher needs a name."))
        user = get_user_model().objects.filter(username=name).first() or get_user_model()(username=name)
        is_new = user.pk is None
        password = get_random_string(GENERATED, ALPHABET) if generate else _password(user)
        user.set_password(password)
        user.save()
        if generate:
            say(_("Password: %(password)s") % {"password": password})
        done = _("The teacher %(name)s can sign in.") if is_new else _("The teacher %(name)s has a new password.")
        say(done % {"name": name})


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise Refusal(_("Say the name: python manage.py createteacher NAME"))
    return input(question)


def _password(user: Any) -> str:
    """Asks twice at a terminal; otherwise one line of standard input."""
    if sys.stdin.isatty():
        password = getpass.getpass(_("Password: "))
        if password != getpass.getpass(_("Once more: ")):
            raise Refusal(_("These are two different passwords."))
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refusal(" ".join(error.messages)) from error
    return password
