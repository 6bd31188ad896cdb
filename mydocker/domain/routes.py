"""Host names of runs, and which routes the gateway should hold."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mydocker.domain.environments.values import Auth, Environment

LABEL_LENGTH = 20
"""Characters of the first label: 100 random bits, so that no host name is ever guessed."""
RANDOM_BYTES = 13
"""How many random bytes `host_label` needs; 104 bits, of which it uses 100."""

_LABEL = re.compile(rf"[a-z2-7]{{{LABEL_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class WantedRoute:
    """One host name of a run and where it leads; field by field what the gateway's port takes."""

    host: str
    run: str
    address: str
    port: int
    authorization: str = ""


def host_label(randomness: bytes) -> str:
    """Make the first label of a run's host name of `RANDOM_BYTES` random bytes."""
    if len(randomness) < RANDOM_BYTES:
        raise ValueError("a host label needs 13 random bytes")
    return base64.b32encode(randomness).decode().lower()[:LABEL_LENGTH]


def label_of(host: str, apps_domain: str) -> str | None:
    """Return the label of a run's host name, as a `Host` header has it; None for any other host."""
    name = host.lower().partition(":")[0].removesuffix(".")
    label, dot, domain = name.partition(".")
    if not dot or domain != apps_domain.lower() or not _LABEL.fullmatch(label):
        return None
    return label


def is_run_host(host: str, apps_domain: str) -> bool:
    """Whether this is the shape of a run's host name; whether one exists, the database knows."""
    return label_of(host, apps_domain) is not None


def wanted_routes(
    environment: Environment,
    run: str,
    hosts: Mapping[int, str],
    address: str,
    username: str,
    password: str,
) -> tuple[WantedRoute, ...]:
    """Return the routes of a run that answers at `address`: one for each port that has a host."""
    return tuple(
        WantedRoute(
            host,
            run,
            address,
            port,
            authorization(auth_of_port(environment, port), username, password),
        )
        for port, host in sorted(hosts.items())
    )


def auth_of_port(environment: Environment, port: int) -> Auth:
    """Return what the gateway adds for a port; interfaces of one port never disagree on it."""
    wanted = [each.auth for each in environment.interfaces if each.port == port]
    return next((auth for auth in wanted if auth in (Auth.JUPYTER, Auth.BASIC)), Auth.NONE)


def authorization(auth: Auth, username: str, password: str) -> str:
    """Return the value of the `Authorization` header that the gateway adds; empty for none."""
    match auth:
        case Auth.JUPYTER:
            return f"token {password}"
        case Auth.BASIC:
            return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        case _:
            return ""
