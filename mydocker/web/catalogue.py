"""The catalogue: environments a person may start, searched and filtered in the address."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import combining, normalize
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mydocker import steady
from mydocker.services.catalogue import Known, catalogue
from mydocker.store.pages import Visitor
from mydocker.web.dashboard import page_number
from mydocker.web.offers import offers_of
from mydocker.web.rendering import render
from mydocker.web.visitors import signed_in

PER_PAGE = 24
MOST_TAGS = 12


@dataclass(frozen=True, slots=True)
class Tag:
    """A filter, and how many of the environments have it."""

    word: str
    count: int
    is_chosen: bool


@require_safe
@signed_in
def show(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What fits the search and all chosen tags."""
    everything = catalogue(visitor.person)
    wanted = request.GET.get("q", "")[:200].strip()
    chosen = request.GET.getlist("tag")[:MOST_TAGS]
    found = [each for each in everything if matches(each, wanted) and has_tags(each, chosen)]
    number = page_number(request)
    first = (number - 1) * PER_PAGE
    context = {
        "q": wanted,
        "chosen": chosen,
        "tags": tags_of(everything, chosen),
        "count": len(found),
        "offers": offers_of(found[first : first + PER_PAGE], steady.now()),
        "number": number,
        "has_more": len(found) > first + PER_PAGE,
        "query": _query(wanted, chosen),
    }
    only_results = request.headers.get("HX-Request") == "true"
    name = "catalogue/_results.html" if only_results else "catalogue/catalogue.html"
    return render(request, name, context)


def matches(environment: Known, wanted: str) -> bool:
    """Whether every word of a search is somewhere in an environment's texts."""
    definition = environment.definition
    texts = (
        definition.title.fr, definition.title.en, definition.description.fr,
        definition.description.en, *definition.tags, *definition.software, *definition.courses,
    )  # fmt: skip
    whole = plain(" ".join(texts))
    return all(word in whole for word in plain(wanted).split())


def has_tags(environment: Known, chosen: Sequence[str]) -> bool:
    """Whether an environment has all these tags."""
    return set(chosen) <= set(environment.definition.tags)


def tags_of(environments: Iterable[Known], chosen: Sequence[str]) -> list[Tag]:
    """The most used tags, and the chosen ones whatever they are."""
    counts = Counter(tag for each in environments for tag in each.definition.tags)
    shown = [tag for tag, _count in counts.most_common(MOST_TAGS)]
    shown += [tag for tag in chosen if tag in counts and tag not in shown]
    return [Tag(tag, counts[tag], tag in chosen) for tag in shown]


def plain(text: str) -> str:
    """Lower case without accents, so that `etude` finds `Étude`."""
    return "".join(c for c in normalize("NFKD", text.casefold()) if not combining(c))


def _query(wanted: str, chosen: Sequence[str]) -> str:
    return urlencode([("q", wanted)] * bool(wanted) + [("tag", tag) for tag in chosen])
