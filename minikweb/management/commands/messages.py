"""Brings the translations' catalogues up to date with the sources, and compiles them."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from minikweb.management import messages
from minikweb.management.terminal import UserCommand, say


class Command(UserCommand):
    help = "Collect the texts to translate into the catalogues, compile them, say what is missing"

    def act(self, **options: Any) -> None:
        for name, missing in messages.update(settings.BASE_DIR):
            if missing:
                say(
                    ngettext("%(name)s: %(count)d text to translate", "%(name)s: %(count)d texts to translate", missing)
                    % {"name": name, "count": missing}
                )
        messages.ensure(settings.BASE_DIR)
        say(_("The translations are compiled."))
