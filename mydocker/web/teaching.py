"""For those who maintain environments: their list, the definition of each, and who is in."""

import json
import re
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_safe

from mydocker import steady
from mydocker.domain.environments import Environment, warnings_of
from mydocker.domain.people import Action, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.state_words import STATUS_LOOKS, STATUS_SENTENCES, Look
from mydocker.domain.words import gettext_noop as _
from mydocker.services import environments, images, statistics
from mydocker.services.answers import answer_to
from mydocker.services.definitions import BadDefinition, read_definition, write_definition
from mydocker.services.environments import Known
from mydocker.store import pages
from mydocker.store.pages import Visitor
from mydocker.web.errors import reference_of
from mydocker.web.notices import with_notice
from mydocker.web.rendering import render
from mydocker.web.responses import see_other
from mydocker.web.shelves import shelf_of
from mydocker.web.visitors import signed_in

SHOWN_PEOPLE = 50
STARTER = """\
title:
  en: Python for beginners
  fr: Python pour débuter
status: draft
image: mydocker/jupyterlab-python
command: jupyter lab --IdentityProvider.token={{PASSWORD}}
user: 1000
ports:
  - number: 8888
    ready: /api
interfaces:
  - title: JupyterLab
    link: https://{{HOST['8888']}}/lab{{USER_REDIRECT}}
    auth: jupyter
resources:
  cpu: 2
  memory: 4 GiB
homes:
  global: /home/jovyan
lifetime:
  idle: 20 min
"""
_KEY = re.compile(r"^(\s*(?:- )*)([\w.-]+)(:)(.*)$")


@dataclass(frozen=True, slots=True)
class Line:
    """An environment in the list."""

    known: Known
    look: Look
    open_count: int
    people_count: int


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def environments_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What the person may edit; a posted definition makes one more."""
    text = request.POST.get("definition", "")
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            found, changed = environments.apply(visitor.person, read_definition(text), steady.now())
        except Refusal as refusal:
            refused = refusal
        else:
            done = "applied" if changed else "unchanged"
            return see_other(with_notice(f"/teach/{found.row.slug}", done))
    return _list(request, visitor, text, refused)


def _list(
    request: HttpRequest, visitor: Visitor, text: str, refused: Refusal | None
) -> HttpResponse:
    mine = environments.editable(visitor.person)
    ids = [each.row.id for each in mine]
    live, people = pages.live_by_environment(ids), pages.people_by_environment(ids)
    lines = [
        Line(
            each,
            STATUS_LOOKS[each.definition.status],
            live.get(each.row.id, 0),
            people.get(each.row.id, 0),
        )
        for each in mine
    ]
    build = request.GET.get("build", "")
    context = {
        "lines": lines,
        "may_create": may(visitor.person, Action.CREATE_ENVIRONMENT),
        "text": text or (_starter_with(visitor, build) if build else _starter()),
        "is_begun": bool(build),
        "refused": told(refused, text, request),
    }
    return render(request, "teaching/list.html", context, status=_status(refused))


def _starter() -> str:
    """The small example; JupyterLab speaks the teacher's language in it."""
    if get_language() != "fr":
        return STARTER
    return STARTER.replace("ports:\n", "variables:\n  LANG: fr_FR.UTF-8\nports:\n", 1)


def _starter_with(visitor: Visitor, build: str) -> str:
    """The small example with a build's image, `SLUG/NUMBER`, and its title."""
    slug, _slash, number = build.partition("/")
    image = images.for_viewing(visitor.person, slug)
    row = images.build(
        visitor.person, slug, int(number) if number.isdecimal() and number.isascii() else 0
    )
    title = json.dumps(image.row.title, ensure_ascii=False)
    text = _starter().replace("image: mydocker/jupyterlab-python", f"image: {row.reference}")
    return text.replace("Python for beginners", title).replace("Python pour débuter", title)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def environment(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """One environment: its definition, how to change it, its link, who is in."""
    found = environments.for_editing(visitor.person, slug)
    text = request.POST.get("definition", "")
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            changed = _apply(visitor, found, text)
        except Refusal as refusal:
            refused = refusal
        else:
            return see_other(with_notice(f"/teach/{slug}", "applied" if changed else "unchanged"))
    return _environment(request, found, text, refused)


def _apply(visitor: Visitor, found: Known, text: str) -> bool:
    definition = read_definition(text)
    if definition.slug != found.row.slug:
        raise Refusal(
            Kind.CONFLICT, "another_slug",
            _("This definition is called “%(slug)s”, and this page is about another one."),
            _("Keep the slug here; to make a new environment, use the list."),
            slug=definition.slug,
        )  # fmt: skip
    _known, changed = environments.apply(visitor.person, definition, steady.now())
    return changed


def _environment(
    request: HttpRequest, found: Known, text: str, refused: Refusal | None
) -> HttpResponse:
    after = request.GET.get("after", "")[:20]
    is_all = request.GET.get("who") == "all"
    inside = pages.in_environment(found.row.id, SHOWN_PEOPLE + 1, after, only_live=not is_all)
    shown = inside[:SHOWN_PEOPLE]
    written, now = definition_text(found), steady.now()
    status = found.definition.status
    context = {
        "environment": found.row,
        "definition": found.definition,
        "look": STATUS_LOOKS[status],
        "status_sentence": STATUS_SENTENCES[status],
        "join_link": f"{settings.MYDOCKER.url.rstrip('/')}/join/{found.row.join_code}",
        "written": coloured(written),
        "text": text or written,
        "refused": told(refused, text, request),
        "advice": advice_on(found.definition),
        "now": now,
        "shelf": shelf_of(found.definition, statistics.of_environment(found.row.id, now), now),
        "inside": shown,
        "is_all": is_all,
        "next_page": shown[-1].card.id if len(inside) > SHOWN_PEOPLE else "",
        "open_count": pages.live_by_environment([found.row.id]).get(found.row.id, 0),
        "people_count": pages.people_by_environment([found.row.id]).get(found.row.id, 0),
    }
    return render(request, "teaching/environment.html", context, status=_status(refused))


@require_safe
@signed_in
def export(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """The definition as a file, fit to be applied again."""
    found = environments.for_editing(visitor.person, slug)
    response = HttpResponse(definition_text(found), content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.row.slug}.yaml"'
    return response


def definition_text(found: Known) -> str:
    """The definition as YAML."""
    return write_definition(found.row.definition)


def advice_on(definition: Environment) -> list[tuple[str, str, str]]:
    """What is allowed but unwise: place, sentence, what to do."""
    return [(each.place, *each.told(gettext)) for each in warnings_of(definition)]


def told(refused: Refusal | None, text: str, request: HttpRequest) -> dict[str, object] | None:
    """A no to a definition: its sentence, and each mistake with its line."""
    if refused is None:
        return None
    lines = text.splitlines()
    mistakes = refused.told(gettext) if isinstance(refused, BadDefinition) else []
    for mistake in mistakes:
        number = mistake["line"]
        has_line = isinstance(number, int) and 0 < number <= len(lines)
        mistake["text"] = lines[number - 1].strip() if has_line else ""  # type: ignore[operator]
    return {**answer_to(refused).told(reference_of(request)), "mistakes": mistakes}


def _status(refused: Refusal | None) -> int:
    return answer_to(refused).status if refused else 200


def coloured(text: str) -> SafeString:
    """YAML with its keys set apart; everything escaped."""
    return mark_safe("\n".join(_coloured_line(line) for line in text.splitlines()))  # noqa: S308


def _coloured_line(line: str) -> str:
    found = _KEY.match(line)
    if not found:
        return str(escape(line))
    space, key, colon, rest = (str(escape(part)) for part in found.groups())
    value = f'<span class="s">{rest}</span>' if rest.strip() else rest
    return f'{space}<span class="k">{key}</span>{colon}{value}'
