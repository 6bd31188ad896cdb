"""Join links: what an environment offers, and the button that asks for it.

The rest of a `user-redirect` link belongs to its click: it stays in the address, through sign-in
and through a cold start, so that two links in two tabs do not mix.
"""

import re
from datetime import datetime
from urllib.parse import quote, unquote, urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from mydocker import steady
from mydocker.domain.addresses import user_redirect
from mydocker.domain.people import Person
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.sleep import as_it_runs
from mydocker.domain.words import gettext_noop as _
from mydocker.services import workspaces
from mydocker.services.answers import answer_to
from mydocker.services.catalogue import Known, admitted, by_join_code
from mydocker.store import pages
from mydocker.store.pages import Visitor
from mydocker.web.amounts import about_text
from mydocker.web.errors import reference_of, report_link
from mydocker.web.estimates import is_ready_at_once, usual_seconds, wait_of
from mydocker.web.offers import makers_of, other_ports, shape_of
from mydocker.web.placing import is_ready_soon
from mydocker.web.rendering import render
from mydocker.web.responses import leave_quietly, see_other
from mydocker.web.visitors import signed_in
from mydocker.web.ways import main_interface, straight_in

_LINK = re.compile(r"(?:^|/)(?:shell/)?join/(?P<code>[^/?#\s]+)(?P<rest>[^#\s]*)")
_CODE = re.compile(r"[\w-]{3,80}")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def join(
    request: HttpRequest, visitor: Visitor, code: str, rest: str | None = None
) -> HttpResponse:
    """GET shows the environment and a button; POST asks for a workspace and follows its start."""
    redirect = _redirect(request, rest)
    environment = by_join_code(code)
    refusal = _refusal(visitor.person, environment)
    if request.method == "POST":
        if refusal is not None:
            raise refusal
        return _start(request, visitor, environment, redirect)
    return _page(request, visitor, environment, redirect, refusal)


@require_safe
def paste(request: HttpRequest) -> HttpResponse:
    """Where a pasted link or code leads."""
    pasted = request.GET.get("code", "").strip()[:8_000]
    if found := _LINK.search(pasted):
        tail = quote(unquote(found["rest"].partition("?")[0]), safe="/:@!$&'()*+,;=~")
        query = found["rest"].partition("?")[2]
        address = f"/join/{quote(found['code'], safe='')}{tail}{'?' + query if query else ''}"
        return HttpResponseRedirect(address)
    if _CODE.fullmatch(pasted):
        return HttpResponseRedirect(f"/join/{quote(pasted, safe='')}")
    raise Refusal(
        Kind.INVALID, "not_a_link", _("This is neither a join link nor a code."),
        _("Paste the whole link from the mail or course page; it contains /join/."),
    )  # fmt: skip


def _redirect(request: HttpRequest, rest: str | None) -> str:
    """The click's own path, in canonical form; empty for a plain join link."""
    if rest is None:
        return ""
    return user_redirect(rest, request.META.get("QUERY_STRING", ""))


def _refusal(person: Person, environment: Known) -> Refusal | None:
    try:
        admitted(person, environment)
    except Refusal as refusal:
        return refusal
    return None


def _start(
    request: HttpRequest, visitor: Visitor, environment: Known, redirect: str
) -> HttpResponse:
    asked = workspaces.ask(visitor.person, environment.row.slug, steady.now())
    main = main_interface(environment.definition, redirect)
    key = main.key if main else ""
    if asked.is_claimed:
        is_ready_soon(asked.workspace)
    if (way := straight_in(visitor, asked.workspace, key, redirect)) is not None:
        return leave_quietly(way)
    query = f"?{urlencode({'to': redirect})}" if redirect else ""
    return see_other(f"/workspaces/{asked.workspace}{query}")


def _wait(environment: str, now: datetime) -> dict[str, object] | None:
    """How many people are before whoever clicks now, and how long it takes where that is known."""
    found = wait_of(environment, now)
    if found is None:
        return None
    time = "" if found.seconds is None else about_text(found.seconds)
    return {"people": found.place - 1, "time": time}


def _page(
    request: HttpRequest,
    visitor: Visitor,
    environment: Known,
    redirect: str,
    refusal: Refusal | None,
) -> HttpResponse:
    definition = as_it_runs(environment.definition)
    told = answer_to(refusal).told(reference_of(request)) if refusal else None
    context = {
        "environment": environment.row,
        "definition": definition,
        "by": makers_of(definition, pages.names_by_mail(definition.maintainers)),
        "faces": [(shape_of(each), each.title) for each in definition.interfaces],
        "other_ports": list(other_ports(definition)),
        "at_once": is_ready_at_once(environment.row.id, steady.now()),
        "usual": usual_seconds(environment.row.id, steady.now()),
        "wait": _wait(environment.row.id, steady.now()),
        "who": visitor.person,
        "redirect": redirect,
        "shown_redirect": unquote(redirect),
        "refused": told,
        "report": report_link(request, told["code"]) if told else "",
    }
    status = answer_to(refusal).status if refusal else 200
    return render(request, "join/join.html", context, status=status)
