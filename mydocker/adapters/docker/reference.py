"""Names of images: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, as the engine's grammar has them."""

import re
from dataclasses import dataclass

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*(?::[0-9]+)?)"
_GRAMMAR = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name in parts; exactly one version of it is meant."""

    name: str
    version: str
    """A tag, or a digest with its algorithm."""

    def __str__(self) -> str:
        joint = "@" if ":" in self.version else ":"
        return f"{self.name}{joint}{self.version}"


def parse_reference(text: str) -> Reference | None:
    """Read an image's name; the tag defaults to `latest`. None if it is not one."""
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return None
    return Reference(match["name"], match["digest"] or match["tag"] or "latest")
