"""What the frame of every page needs: who looks, where, and how the institution appears."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from mydocker.domain.people import Role
from mydocker.web.notices import notice_of
from mydocker.web.visitors import chosen_theme, visitor_of

_SECTIONS = {
    "": "spaces",
    "workspaces": "spaces",
    "join": "spaces",
    "shell": "spaces",
    "catalogue": "catalogue",
    "teach": "teach",
    "admin": "admin",
    "account": "account",
    "help": "help",
}
_TYPEFACE = Path(__file__).parent / "static" / "fonts" / "typeface.css"
OUR_HUE = 218
"""The accent in the style sheet; any other needs a sheet of its own."""


@dataclass(frozen=True, slots=True)
class Institution:
    """How the institution appears: the only things it may change."""

    name: str
    logo: SafeString
    hue: int
    has_typeface: bool
    """Its files were there when the service was installed."""

    @property
    def has_own_hue(self) -> bool:
        """Whether the accent differs from ours."""
        return self.hue % 360 != OUR_HUE


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page for one reader."""

    institution: Institution
    language: str
    other_language: str
    theme: str
    section: str
    here: str
    """The address to come back to after a small change such as the language."""
    is_signed_in: bool
    name: str
    initials: str
    is_teacher: bool
    is_administrator: bool
    notice: str


def shell(request: HttpRequest) -> dict[str, object]:
    """Put `shell` into the context of templates that Django renders by itself."""
    return {"shell": frame_of(request)}


def frame_of(request: HttpRequest) -> Shell:
    """The frame around this request's page."""
    visitor = visitor_of(request)
    name = visitor.person.display_name if visitor else ""
    role = visitor.person.role if visitor else Role.STUDENT
    language = (get_language() or settings.LANGUAGE_CODE)[:2]
    return Shell(
        institution(),
        language,
        "en" if language == "fr" else "fr",
        chosen_theme(request),
        _SECTIONS.get(request.path_info.split("/", 2)[1], ""),
        request.get_full_path() if request.method == "GET" else "/",
        visitor is not None,
        name,
        initials_of(name),
        role.includes(Role.TEACHER),
        role.includes(Role.ADMIN),
        notice_of(request),
    )


def bare_frame() -> Shell:
    """The frame of a page about which nothing is known, for when nothing can be asked."""
    language = (get_language() or settings.LANGUAGE_CODE)[:2]
    return Shell(
        institution(), language, other_language="", theme="", section="", here="/",
        is_signed_in=False, name="", initials="", is_teacher=False, is_administrator=False,
        notice="",
    )  # fmt: skip


def initials_of(name: str) -> str:
    """`CA` for Camille Aubert."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@cache
def institution() -> Institution:
    """As the operator set it; read once."""
    ours = settings.MYDOCKER
    return Institution(ours.institution, _logo(ours.logo), ours.brand_hue, _TYPEFACE.exists())


def _logo(name: str) -> SafeString:
    """The operator's own SVG, put into the page so that it takes the text's colour."""
    if not name:
        return SafeString("")
    drawing = Path(name).read_text()
    start = drawing.find("<svg")
    if start < 0:
        return SafeString("")
    return mark_safe(drawing[start:].strip())  # noqa: S308 -- the operator's file, CSP holds
