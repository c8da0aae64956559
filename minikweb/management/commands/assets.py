"""Makes what the browser needs, when it is not up to date."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from minikweb.management import assets
from minikweb.management.terminal import UserCommand, say


class Command(UserCommand):
    help = "Install the browser's libraries by the lock and build static/dist"

    def act(self, **options: Any) -> None:
        if not assets.ensure(settings.BASE_DIR, say):
            say(_("The browser's files are up to date."))
