"""An address as a QR code: inline SVG, so that a page loads nothing."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe

QUIET_ZONE = 2  # modules of white around the code; phones read it with two


def svg(address: str) -> SafeString:
    """The code, as wide as its place; dark on light in both themes, as cameras want it."""
    made = segno.make(address, error="m", micro=False)
    return mark_safe(  # segno writes paths, no text of the address
        made.svg_inline(border=QUIET_ZONE, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    )
