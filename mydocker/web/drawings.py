"""Icons, flags and the mark: inline SVG, drawn once. Decoration only, so always `aria-hidden`.

Icons: 24 px grid, 1.75 stroke, round ends, `currentColor`. New ones are drawn, not imported.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe

from mydocker.domain.flags import VIEW_BOX, flag_of

_SHEET = Path(__file__).with_name("icons.svg")
_SYMBOL = re.compile(r'<symbol id="([\w-]+)"[^>]*>(.*)</symbol>')


@cache
def _icons() -> dict[str, str]:
    """What is drawn in each icon, by its name."""
    return dict(_SYMBOL.findall(_SHEET.read_text()))


@lru_cache(maxsize=512)
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon by its name. Raises KeyError for an unknown one."""
    return mark_safe(  # noqa: S308 -- both come from our own templates
        f'<svg class="i {classes}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        f"{_icons()[name]}</svg>"
    )


@lru_cache(maxsize=4096)
def flag(code: str, classes: str = "") -> SafeString:
    """Draw the face of the environment with this join code. Its title must stand beside it."""
    drawn = flag_of(code)
    return mark_safe(  # noqa: S308 -- colours and paths of our own, and our class names
        f'<span class="flag {classes}" aria-hidden="true"><svg viewBox="{VIEW_BOX}" '
        f'focusable="false"><path fill="{drawn.ground}" d="M0 0h40v40H0z"/>'
        f'<path fill="{drawn.colour}" d="{drawn.figure}"/></svg></span>'
    )
