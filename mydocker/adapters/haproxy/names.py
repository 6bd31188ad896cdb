"""What may be said to HAProxy: everything that reaches its socket or its files is checked here.

A host, a digest or an address that could end a word or a line would be another command.
"""

import base64
import re
from collections.abc import Mapping
from ipaddress import ip_address

from mydocker.ports.errors import Refused
from mydocker.ports.gateway import Route

_DOMAIN = re.compile(r"(?=.{1,230}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*")
_LABEL = re.compile(r"[a-z2-7]{20}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTAINER = re.compile(r"[0-9a-f]{64}")
_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")
_PORTS = range(1, 65_536)


def checked_domain(domain: str) -> str:
    """Return the apps domain in lower case. Raises `ValueError` if it is none."""
    domain = domain.lower()
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{domain!r} is no domain")
    return domain


def checked_host(host: str, apps_domain: str) -> str:
    """Return the run's host. Raises `Refused`."""
    label, _, domain = host.partition(".")
    if domain != apps_domain or not _LABEL.fullmatch(label):
        raise Refused("bad_host", f"{host!r} is no run's host under {apps_domain}")
    return host


def route_entry(route: Route, apps_domain: str) -> tuple[str, str]:
    """Return key and value for the map: `run|address|port[|authorization in base64]`."""
    host = checked_host(route.host, apps_domain)
    if not _RUN.fullmatch(route.run):
        raise Refused("bad_run", f"{route.run!r} is no run")
    if route.port not in _PORTS:
        raise Refused("bad_port", f"{route.port} is no port")
    words = [route.run, _address(route.address), str(route.port)]
    if route.authorization:
        words.append(_authorization(route.authorization))
    return host, "|".join(words)


def grant_entry(digest: str, host: str, apps_domain: str) -> str:
    """Return the line for the list: `DIGEST@host`, in capitals, as HAProxy writes hexadecimal."""
    if not _DIGEST.fullmatch(digest):
        raise Refused("bad_digest", "a grant is known by 64 hexadecimal digits")
    return f"{digest.upper()}@{checked_host(host, apps_domain)}"


def asleep_entries(asleep: Mapping[str, str], apps_domain: str) -> dict[str, str]:
    """Return the map's entries: `container|host|host…`, for they all wake together."""
    hosts: dict[str, list[str]] = {}
    for host, container in sorted(asleep.items()):
        if not _CONTAINER.fullmatch(container):
            raise Refused("bad_container", f"{container!r} is no container")
        hosts.setdefault(container, []).append(checked_host(host, apps_domain))
    return {host: "|".join((container, *hosts[container])) for host, container in asleep.items()}


def container_in(entry: str) -> str:
    """Return the container of such an entry."""
    return entry.partition("|")[0]


def _address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        raise Refused("bad_address", f"{text!r} is no address") from None
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        # Link-local is where clouds keep their metadata.
        raise Refused("bad_address", f"{text} is nobody's container")
    return str(address)


def _authorization(value: str) -> str:
    if not _HEADER_VALUE.fullmatch(value):
        raise Refused("bad_authorization", "the Authorization value is no header's")
    return base64.b64encode(value.encode("ascii")).decode()
