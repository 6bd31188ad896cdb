"""Templates, spoken once: what a template says in one language is settled when it is loaded.

`{% translate %}`, `{% blocktranslate %}` without a count, `{% icon %}`, `{% static %}`, plain
`{% include %}` and `{% extends %}` depend on nothing but the language, so their results take their
place before the template is compiled, in an engine for each language. Measured: a page costs less
than half.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template import Context, Engine, Origin
from django.template.loaders.filesystem import Loader as FileLoader
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override, pgettext

from mydocker.web.context import frame_of
from mydocker.web.drawings import icon

FOLDER = Path(__file__).parent / "templates"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LOAD = re.compile(r"\{% load [\w ]+ %\}")
_NOTE = re.compile(r"\{#.*?#\}", re.DOTALL)
_INDENT = re.compile(r"\n\s+")
_INCLUDE = re.compile(r'\{% include "([\w./-]+)" %\}')
_EXTENDS = re.compile(r'\{% extends "([\w./-]+)" %\}')
_BLOCK = re.compile(
    r"\{% block (\w+) %\}((?:(?!\{% (?:end)?block\b).)*)\{% endblock(?: \w+)? %\}", re.DOTALL
)
_ICON = re.compile(r'\{% icon "([\w-]+)"(?: "([\w -]+)")? %\}')
_STATIC = re.compile(r"\{% static '([\w./-]+)' %\}")
_WORDS = re.compile(r"\{% translate " + _QUOTED + r"(?: context " + _QUOTED + r")? %\}")
_SENTENCE = re.compile(
    r"\{% blocktranslate(?: with((?: \w+=[^\s%]+)+))? %\}((?:(?!\{%).)*)\{% endblocktranslate %\}",
    re.DOTALL,
)
_VALUE = re.compile(r"\{\{ (\w+) \}\}")
_PLACE = re.compile(r"%\((\w+)\)s")


def render(
    request: HttpRequest, name: str, context: Mapping[str, object], status: int = 200
) -> HttpResponse:
    """A page in the reader's language, within its frame."""
    return HttpResponse(render_text(name, context, request), status=status)


def render_text(
    name: str, context: Mapping[str, object], request: HttpRequest | None = None
) -> str:
    """Render a template in the active language. With a request: its frame, and forms that work."""
    values: dict[str, object] = dict(context)
    if request is not None:
        values.setdefault("shell", frame_of(request))
        values["request"] = request
        if "csrf_input" not in values:  # each one made is masked anew
            values["csrf_input"] = csrf_input(get_token(request))
    template = engine((get_language() or settings.LANGUAGE_CODE)[:2]).get_template(name)
    return template.render(Context(values))


Leaf = Callable[..., SafeString]


def leaf(name: str) -> Leaf:
    """A template of plain values only, in the active language, as a function of those values.

    For what lists repeat: it costs a twentieth of a template's loop. Values are escaped unless
    they are safe.
    """
    return _leaf(name, (get_language() or settings.LANGUAGE_CODE)[:2])


@cache
def _leaf(name: str, language: str) -> Leaf:
    with override(language):
        parts = _VALUE.split(spoken((FOLDER / name).read_text().rstrip("\n")))
    names = parts[1::2]

    def filled(**values: object) -> SafeString:
        said = parts.copy()  # threads share the original
        said[1::2] = [_escaped(values[each]) for each in names]
        return SafeString("".join(said))

    return filled


def _escaped(value: object) -> str:
    return value if isinstance(value, SafeString) else escape(str(value))


def csrf_input(token: str) -> str:
    """The hidden field of a form."""
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', token)


@cache
def engine(language: str) -> Engine:
    """Every template, in one language."""
    loader = "mydocker.web.rendering.SpokenLoader"
    return Engine(
        dirs=[str(FOLDER)],
        builtins=[
            "django.templatetags.i18n",
            "django.templatetags.l10n",
            "mydocker.web.templatetags.mydocker",
        ],
        loaders=[("django.template.loaders.cached.Loader", [(loader, [FOLDER], language)])],
    )


class SpokenLoader(FileLoader):
    """Reads templates and says in one language what depends on nothing else."""

    def __init__(self, engine: Engine, dirs: list[str | Path], language: str) -> None:
        super().__init__(engine, dirs)
        self._language = language

    def get_contents(self, origin: Origin) -> str:
        """The template's text, spoken."""
        with override(self._language):
            return spoken(framed(str(super().get_contents(origin)), {}))


def framed(text: str, given: Mapping[str, str]) -> str:
    """A template in the one it extends: its blocks, or those given by what extends it, in place.

    As Django does at every rendering; without `{{ block.super }}`, which nothing here uses.
    """
    blocks = dict(given)

    def fill(found: re.Match[str]) -> str:
        blocks[found[1]] = given.get(found[1], found[2])
        return blocks[found[1]]

    count = 1
    while count:  # from the innermost outwards
        text, count = _BLOCK.subn(fill, text)
    frame = _EXTENDS.match(text)
    return framed((FOLDER / frame[1]).read_text(), blocks) if frame else text


def spoken(text: str) -> str:
    """The same template with all that is settled put in its place; in the active language."""
    for pattern, settled in _settled():
        text = pattern.sub(settled, text)
    return text.lstrip()


def _settled() -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
    yield _INCLUDE, lambda found: spoken((FOLDER / found[1]).read_text().rstrip("\n"))
    yield _LOAD, lambda _found: ""
    yield _NOTE, lambda _found: ""
    yield _INDENT, lambda _found: "\n"
    yield _ICON, lambda found: icon(found[1], found[2] or "")
    yield _STATIC, lambda found: static(found[1])
    yield _WORDS, _word
    yield _SENTENCE, _sentence
    yield re.compile(r"\{% csrf_token %\}"), lambda _found: "{{ csrf_input }}"


def _word(found: re.Match[str]) -> str:
    message, context = found[1].replace('\\"', '"'), found[2]
    return _tame(pgettext(context, message) if context else gettext(message))


def _sentence(found: re.Match[str]) -> str:
    """A sentence with values: translated, and each value in its place again."""
    given: Mapping[str, Any] = dict(each.split("=", 1) for each in (found[1] or "").split())
    message = _VALUE.sub(r"%(\1)s", found[2].replace("%", "%%"))
    translated = _tame(gettext(message))
    said = _PLACE.sub(lambda place: f"{{{{ {given.get(place[1], place[1])} }}}}", translated)
    return said.replace("%%", "%")


def _tame(translated: str) -> str:
    """A translation cannot bring template code of its own."""
    return re.sub(r"\{(?=[{%#])", "{&#8203;", translated)
