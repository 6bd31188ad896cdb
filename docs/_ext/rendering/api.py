"""The REST API, from its OpenAPI document; scopes and states, from the domain."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mydocker.domain.scopes import Scope
from mydocker.domain.workspaces import State
from rendering import Incomplete
from rendering.markdown import code, entry, plain, table
from rendering.members import explained

_TITLES = {
    "workspaces": "Workspaces",
    "environments": "Environments",
    "images": "Images",
    "people": "You and your tokens",
    "administration": "Administration",
}
_EVERYWHERE = {"400", "401", "403", "413", "415", "422", "429", "500", "503"}

Record = Mapping[str, Any]


def document() -> Record:
    """Return the OpenAPI document, with statuses as text."""
    from mydocker.api.v1 import document as made

    return made()


def render_operations() -> str:
    """Return a section for each operation, by subject."""
    by_tag: dict[str, list[str]] = {tag: [] for tag in _TITLES}
    for path, method, operation in operations(document()):
        [tag] = operation["tags"]
        by_tag[tag].append(section(path, method, operation))
    return "\n".join(
        f"## {_TITLES[tag]}\n\n" + "\n".join(sections) for tag, sections in by_tag.items()
    )


def operations(told: Record) -> Iterator[tuple[str, str, Record]]:
    """Yield path, method and operation."""
    for path, ways in told["paths"].items():
        for method, operation in ways.items():
            yield path, method.upper(), operation


def section(path: str, method: str, operation: Record) -> str:
    """Return one operation. Raises `Incomplete` if nobody says what it does."""
    said = operation.get("description", "").strip()
    if not said:
        raise Incomplete(f"{method} {path}: the view has no docstring")
    return "\n".join(
        [
            f"### `{method} {path}`",
            "",
            said,
            "",
            *_parameters(operation),
            *_body(operation),
            *_answers(operation),
            "",
        ]
    )


def _parameters(operation: Record) -> Iterator[str]:
    for each in operation.get("parameters", ()):
        if each["in"] != "path":
            words = each.get("description") or each["schema"].get("description", "")
            kind = type_of(each["schema"]).removesuffix(" or null")
            yield f"- {each['in']} {code(each['name'])}: {kind}. {words}"


def _body(operation: Record) -> Iterator[str]:
    if taken := operation.get("requestBody"):
        needed = "" if taken.get("required") else " (may be left out)"
        yield f"- takes {_contents(taken).removesuffix(' or null')}{needed}"


def _answers(operation: Record) -> Iterator[str]:
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    for status in sorted(answers):
        if status < "400":
            yield f"- {status}: {_contents(answers[status]) or 'nothing'}"
    others = sorted(status for status in answers if status >= "400" and status not in _EVERYWHERE)
    if others:
        yield f"- also refuses with {', '.join(others)}"


def _contents(part: Record) -> str:
    said = []
    for kind, content in part.get("content", {}).items():
        shape = type_of(content["schema"]) if kind == "application/json" else code(kind)
        said.append(shape)
    return " or ".join(dict.fromkeys(said))


def type_of(schema: Record) -> str:
    """Write a JSON schema in a few words, with links to the shapes below."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#shape-{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(type_of, schema["anyOf"])))
    if "enum" in schema:
        return ", ".join(code(str(value)) for value in schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return _simple(schema)


def _simple(schema: Record) -> str:
    word = {"string": "text", "integer": "number", "object": "object", "boolean": "yes or no"}
    kind = word.get(schema.get("type", ""), schema.get("type", "anything"))
    if schema.get("format") == "date-time":
        return "time"
    limits = [
        f"{sign} {schema[key]}"
        for key, sign in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "at most"))
        if key in schema
    ]
    if "maxLength" in schema:
        limits[-1] += " characters"
    return f"{kind} ({', '.join(limits)})" if limits else str(kind)


def render_shapes() -> str:
    """Return a section for each shape of a request or an answer."""
    shapes = document()["components"]["schemas"]
    return "\n".join(_shape(name, shapes[name]) for name in sorted(shapes))


def _shape(name: str, schema: Record) -> str:
    lines = [f"(shape-{name.lower()})=", f"### {name}", "", schema.get("description", ""), ""]
    if "enum" in schema:
        return "\n".join([*lines, f"One of {type_of({'enum': schema['enum']})}.", ""])
    rows = [
        (code(key), type_of(each), each.get("description", ""))
        for key, each in schema.get("properties", {}).items()
    ]
    return "\n".join([*lines, table(("field", "what", ""), rows)])


def render_scopes() -> str:
    """Return what each scope of a token allows."""
    return _members(explained(Scope).items())


def render_states() -> str:
    """Return what each state of a workspace means."""
    return _members(explained(State).items())


def _members(members: Iterable[tuple[str, str]]) -> str:
    return "\n".join(entry(code(value), plain(said)) for value, said in members)
