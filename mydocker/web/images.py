"""Images of those who teach: their list, a new one, and the page on which one is edited and built.

Two people may have the same page open: the second to save is told, and sees both texts.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mydocker import steady
from mydocker.domain.environments import Mistakes, Text
from mydocker.domain.people import Action, may
from mydocker.domain.recipes import Kind, Recipe, read_recipe
from mydocker.domain.refusals import Kind as No
from mydocker.domain.refusals import Refusal
from mydocker.domain.state_words import BUILD_LOOKS, NEVER_BUILT, Look
from mydocker.domain.words import gettext_noop as _
from mydocker.services import images
from mydocker.services.answers import answer_to
from mydocker.services.images import BadFiles, ImageLine, KnownImage
from mydocker.store import builds as stored_builds
from mydocker.store.builds import BuildRow
from mydocker.store.pages import Visitor
from mydocker.web.build_page import BuildView, view_of
from mydocker.web.build_steps import LogSoFar
from mydocker.web.builds import address_of, images_used, last_good
from mydocker.web.errors import reference_of
from mydocker.web.image_editor import (
    KINDS,
    Judged,
    Typed,
    judge,
    typed_in,
    typed_of,
)
from mydocker.web.image_starts import STARTS, known_bases, start_of
from mydocker.web.notices import with_notice
from mydocker.web.rendering import render
from mydocker.web.responses import see_other
from mydocker.web.visitors import signed_in

PER_PAGE = 30
MOST_BUILDS = 10
MOST_PEOPLE = 200
"""With whom one image is shared."""
_KIND_TITLES: Mapping[Kind, tuple[str, str]] = {kind: (title, icon) for kind, title, icon in KINDS}


# --- the list ---


@dataclass(frozen=True, slots=True)
class Line:
    """An image in the list."""

    line: ImageLine
    kind: str
    icon: str
    look: Look
    shown: str
    """Address of the build that the state is about; empty where there is none."""


@require_safe
@signed_in
def images_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What the person may see, by name; searched in the address."""
    words = request.GET.get("q", "")[:200].strip()
    after = request.GET.get("after", "")[:100].replace("\0", "")
    found = images.visible(visitor.person, words=words, after=after, limit=PER_PAGE + 1)
    lines = [_line(each) for each in found[:PER_PAGE]]
    context = {
        "lines": lines,
        "q": words,
        "is_first": not after,
        "next_page": lines[-1].line.row.slug if len(found) > PER_PAGE else "",
        "may_create": may(visitor.person, Action.CREATE_IMAGE),
    }
    return render(request, "workshop/list.html", context)


def _line(line: ImageLine) -> Line:
    newest = line.live or line.latest
    title, icon = _KIND_TITLES[line.kind]
    look = BUILD_LOOKS[newest.state] if newest else NEVER_BUILT
    address = f"/teach/images/{line.row.slug}/builds/{newest.number}" if newest else ""
    return Line(line, gettext(title), icon, look, address)


# --- a new one ---


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Choose what to begin with; a posted name makes an image."""
    _teachers_only(visitor)
    title = " ".join(request.POST.get("title", "")[:300].split())
    chosen = request.POST.get("start", "") or request.GET.get("start", "")
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            made = images.create(visitor.person, title, start_of(chosen), steady.now())
        except Refusal as refusal:
            refused = refusal
        else:
            return see_other(with_notice(f"/teach/images/{made.row.slug}", "image_created"))
    known = [start.key for start in STARTS]
    context = {
        "starts": STARTS,
        "title": title,
        "chosen": chosen if chosen in known else known[0],
        "refused": told(refused, request),
    }
    return render(request, "workshop/new.html", context, status=_status(refused))


def _teachers_only(visitor: Visitor) -> None:
    if not may(visitor.person, Action.CREATE_IMAGE):
        raise Refusal(
            No.FORBIDDEN, "not_teacher", _("Only teachers can make images."),
            _("If you teach, ask support to change your role."),
        )  # fmt: skip


# --- one image ---


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def image(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """One image: its recipe and files, what is found in them, its builds. A posted one is saved."""
    if request.method != "POST":
        return _image(request, visitor, images.for_viewing(visitor.person, slug))
    typed = typed_in(request.POST)
    found = images.for_editing(visitor.person, slug)
    judged = judge(typed)
    if judged.recipe is None:
        return _image(request, visitor, found, typed=typed, refused=_unreadable(judged))
    try:
        saved = images.change(
            visitor.person, slug, revision=typed.revision, title=typed.title,
            recipe=judged.recipe, now=steady.now(),
        )  # fmt: skip
    except Refusal as refusal:
        return _image(request, visitor, found, typed=typed, refused=refusal)
    if request.POST.get("then") != "build":
        return see_other(with_notice(f"/teach/images/{slug}", "saved"))
    try:
        row = images.ask_build(visitor.person, slug, steady.now())
    except Refusal as refusal:
        return _image(request, visitor, saved, refused=refusal, is_saved=True)
    return see_other(address_of(row))


@require_POST
@signed_in
def build_now(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """Build the image as its recipe is now, and follow it."""
    use_cache = request.POST.get("anew") != "yes"
    try:
        row = images.ask_build(visitor.person, slug, steady.now(), use_cache=use_cache)
    except Refusal as refusal:
        found = images.for_editing(visitor.person, slug)
        return _image(request, visitor, found, refused=refusal)
    return see_other(address_of(row))


def _unreadable(judged: Judged) -> Refusal:
    return Refusal(
        No.INVALID, "recipe_has_mistakes", _("The recipe has mistakes: %(count)s."),
        _("They are marked below. Nothing was saved; what you typed is still here."),
        count=judged.mistakes,
    )  # fmt: skip


def _image(
    request: HttpRequest,
    visitor: Visitor,
    found: KnownImage,
    *,
    typed: Typed | None = None,
    refused: Refusal | None = None,
    is_saved: bool = False,
) -> HttpResponse:
    row, person = found.row, visitor.person
    stored = typed_of(found.recipe, title=row.title, revision=row.revision)
    good = stored_builds.latest_good(row.id)
    is_conflict = typed is not None and refused is not None and refused.kind is No.CONFLICT
    files, users = images.files(person, row.slug), images.used_by(row)
    judged = judge(typed or stored, _recipe_of(good), has_files=bool(files))
    before = request.GET.get("before", "")
    is_older = before.isascii() and before.isdigit() and len(before) < 10
    lines = images.builds(
        person, row.slug, before=int(before) if is_older else None, limit=MOST_BUILDS + 1
    )
    first = images.builds(person, row.slug, limit=1) if is_older else lines
    newest = images.build(person, row.slug, first[0].number) if first else None
    context = {
        "image": found,
        "kinds": [
            (kind.value, gettext(title), icon)
            for kind, title, icon in KINDS
            if kind is not Kind.GIT or judged.typed.kind is Kind.GIT  # not built yet
        ],
        "judged": judged,
        "typed": judged.typed,
        # Who saves again has seen what the other one wrote.
        "revision": row.revision,
        "theirs": judge(stored) if is_conflict else None,
        "theirs_text": _as_text(stored) if is_conflict else "",
        "refused": told(refused, request),
        "is_saved": is_saved,
        "bases": known_bases(person),
        "files": files,
        "takes_files": judged.typed.kind in (Kind.PACKAGES, Kind.DOCKERFILE),
        "builds": [(each, BUILD_LOOKS[each.state]) for each in lines[:MOST_BUILDS]],
        "older_builds": lines[MOST_BUILDS - 1].number if len(lines) > MOST_BUILDS else 0,
        "is_older": is_older,
        "view": _card(visitor, found, newest),
        "good": good,
        "used_by": [(each.slug, Text(each.title_en, each.title_fr)) for each in users],
        "used": {str(each.definition.get("image", "")) for each in users},
        "shares": _shares(visitor, found),
    }
    return render(request, "workshop/image.html", context, status=_status(refused))


def _card(visitor: Visitor, found: KnownImage, newest: BuildRow | None) -> BuildView | None:
    if newest is None:
        return None
    before = last_good(visitor.person, newest.slug, newest.number)
    used = images_used(found)
    return view_of(newest, LogSoFar(), before, steady.now(), whole=False, used=used)


def _recipe_of(row: BuildRow | None) -> Recipe | None:
    """What was built; None for a recipe of before the rules were narrowed."""
    with suppress(Mistakes):
        return read_recipe(row.recipe) if row else None
    return None


def _as_text(typed: Typed) -> str:
    """A recipe as one text, to be read beside another."""
    lines = [typed.title, ""]
    match typed.kind:
        case Kind.PACKAGES:
            lines += [f"{gettext('Start from')} {typed.base}"]
            lines += [f"{key}: {', '.join(text.split())}" for key, text in typed.packages.items()]
        case Kind.DOCKERFILE:
            lines += [typed.text]
        case Kind.IMAGE:
            lines += [typed.image]
        case Kind.GIT:
            lines += [typed.url, typed.ref, typed.subfolder]
    return "\n".join(lines).rstrip()


def _shares(visitor: Visitor, found: KnownImage) -> Mapping[str, str]:
    """Mails, one a line: who may edit, and who may see and use."""
    if not found.may_edit:
        return {}
    rows = images.shares(visitor.person, found.row.slug)
    return {
        "edit": "\n".join(row.mail for row in rows if row.can_edit),
        "view": "\n".join(row.mail for row in rows if not row.can_edit),
    }


@require_POST
@signed_in
def check(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What is found in a recipe as it is being typed: fragments of its page. Stores nothing."""
    typed, slug = typed_in(request.POST), request.POST.get("slug", "")
    if slug:
        known = images.for_viewing(visitor.person, slug)
        good = stored_builds.latest_good(known.row.id)
        has_files = bool(images.files(visitor.person, slug))
        judged = judge(typed, _recipe_of(good), has_files=has_files)
    else:
        _teachers_only(visitor)
        judged = judge(typed)
    return render(request, "workshop/_judged.html", {"judged": judged})


@require_POST
@signed_in
def share(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """Say who else may see and use an image, and who may edit it."""
    wanted = dict.fromkeys(_mails(request.POST.get("view", "")), False)
    wanted |= dict.fromkeys(_mails(request.POST.get("edit", "")), True)
    images.share(visitor.person, slug, wanted, steady.now())
    return see_other(with_notice(f"/teach/images/{slug}", "saved"))


def _mails(text: str) -> Sequence[str]:
    return text[:50_000].replace(",", " ").replace(";", " ").lower().split()[: MOST_PEOPLE + 1]


@require_POST
@signed_in
def delete(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """Delete an image that no environment uses."""
    images.delete(visitor.person, slug, steady.now())
    return see_other(with_notice("/teach/images", "image_deleted"))


def told(refused: Refusal | None, request: HttpRequest) -> Mapping[str, object] | None:
    """A rule's no, for a note on the page; of files, all that is wrong with them."""
    if refused is None:
        return None
    faults = refused.told(gettext) if isinstance(refused, BadFiles) else []
    return {**answer_to(refused).told(reference_of(request)), "faults": faults}


def _status(refused: Refusal | None) -> int:
    return answer_to(refused).status if refused else 200
