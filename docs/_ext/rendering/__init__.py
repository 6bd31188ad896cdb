"""Puts what the code says of itself into the reference pages.

A page says `<!-- rendered: NAME -->` on a line of its own; when Sphinx reads the page, the line
gives way to Markdown made by the renderer of that name. A renderer raises `Incomplete` for
anything that nobody explained, and the build ends there: what is not explained is not released.
"""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_PLACE = re.compile(r"^<!-- rendered: ([a-z-]+) -->$", re.MULTILINE)
_RENDERERS: Mapping[str, str] = {
    "settings": "settings:render",
    "refusals": "refusals:render",
    "gateway-refusals": "refusals:render_gateway",
    "causes": "causes:render",
    "events": "events:render",
    "commands": "commands:render",
    "metrics": "metrics:render",
    "operations": "api:render_operations",
    "shapes": "api:render_shapes",
    "scopes": "api:render_scopes",
    "states": "api:render_states",
    "environment-keys": "definitions:render",
    "template-variables": "definitions:render_variables",
}


class Incomplete(Exception):
    """Something has no words. The message says what, and where to write them."""


def rendered(name: str) -> str:
    """Return the Markdown of one renderer. Raises `Incomplete`, and `KeyError` for no renderer."""
    module, _colon, function = _RENDERERS[name].partition(":")
    render: Callable[[], str] = getattr(import_module(f"{__name__}.{module}"), function)
    return render()


def filled(page: str) -> str:
    """Return a page's source with every place filled."""
    return _PLACE.sub(lambda place: rendered(place[1]), page)


def places_in(page: str) -> list[str]:
    """Name the renderers that a page's source asks for."""
    return _PLACE.findall(page)


def names() -> list[str]:
    """Name every renderer."""
    return list(_RENDERERS)


def setup(app: "Sphinx") -> dict[str, Any]:
    """Hook into Sphinx."""
    app.connect("source-read", _fill)
    # Pages are read again only when their own file changed; the code may have changed meanwhile.
    app.connect("env-get-outdated", _reference_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _fill(_app: "Sphinx", _page: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def _reference_pages(_app: "Sphinx", env: Any, *_changes: object) -> list[str]:
    return [page for page in env.found_docs if page.startswith("reference/")]
