"""References of images, after the grammar of the distribution project's `reference` package.

`[host[:port]/]path[:tag][@digest]`: the path in lower case, 255 characters at most without tag
and digest.
"""

import re

from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
# What comes first is a host only with a dot or a port; else it is a part of the path.
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})+(?::[0-9]{{1,5}})?|{_LABEL}:[0-9]{{1,5}}|localhost)"
_NAME = rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,128}"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?::{_TAG})?(?:@{_DIGEST})?", re.ASCII)
_LONGEST = 600
_LONGEST_NAME = 255


def fault_of_image(reference: str) -> Fault | None:
    """Say what is wrong with an image's reference; None if nothing is."""
    found = _REFERENCE.fullmatch(reference) if len(reference) <= _LONGEST else None
    if found and len(found["name"]) <= _LONGEST_NAME and not _looks_like_an_id(reference):
        return None
    return Fault(
        _("%(image)s is not the name of an image."), _hint(reference), {"image": reference[:80]}
    )


def _looks_like_an_id(reference: str) -> bool:
    # The engine takes 64 hexadecimal digits for an id and refuses them as a name.
    # And what begins like a digest for the beginning of one.
    return re.match(r"[0-9a-f]{64}$|sha(?:256|384|512)(?::|@|$)", reference) is not None


def _hint(reference: str) -> str:
    if "://" in reference:
        return _("Leave out https://.")
    if re.search(r"\s", reference):
        return _("There is no space in the name of an image.")
    if reference != reference.lower() and _REFERENCE.fullmatch(reference.lower()):
        return _("Names of images are in lower case.")
    return _("Write it as for docker pull: name, name:tag or registry.example.org/name:tag.")
