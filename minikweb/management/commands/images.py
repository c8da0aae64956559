"""Builds the images that pods of the demo and of the lessons use."""

from typing import Any

from django.utils.translation import gettext as _

from minikweb.management.datafolder import Refusal
from minikweb.management.terminal import UserCommand, say
from minikweb.runtime.docker import installation
from minikweb.runtime.protocol import RuntimeFailure


class Command(UserCommand):
    help = "Build our images that are missing or older than their sources"

    def act(self, **options: Any) -> None:
        try:
            built = installation.build_missing_images(say) + installation.build_ingress_image(say)
            built += installation.build_toolbox_image(say)
        except RuntimeFailure as failure:
            raise Refusal(failure.message) from failure
        say(_("Built: %(images)s.") % {"images": ", ".join(built)} if built else _("The images are up to date."))
