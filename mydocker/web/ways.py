"""The ways into a workspace: lasting links, and tickets for whoever clicks one now."""

from django.conf import settings

from mydocker import steady
from mydocker.domain.environments import Environment, Interface
from mydocker.domain.refusals import Refusal
from mydocker.services import entries
from mydocker.services.catalogue import of_run
from mydocker.services.entries import Holder, Site
from mydocker.store import runs
from mydocker.store.pages import Visitor


def site() -> Site:
    """How run hosts are addressed from here."""
    ours = settings.MYDOCKER
    explicit = ours.parsed_url.port
    return Site(ours.scheme, f":{explicit}" if explicit else "")


def lasting_link(workspace: str, interface: str, rest: str = "") -> str:
    """The address that opens an interface whenever it is followed, starting nothing."""
    return f"/workspaces/{workspace}/open/{interface}" + (f"/{rest}" if rest else "")


def ticket(visitor: Visitor, workspace: str, interface: str, rest: str) -> str:
    """The address that lets the visitor into an interface, once. Refuses until it is ready."""
    return entries.open_interface(
        visitor.person, workspace, interface, rest, Holder(login=visitor.login), site(),
        steady.now(),
    )  # fmt: skip


def ticket_to(visitor: Visitor, workspace: str, host: str, path: str) -> str:
    """The address that lets the visitor in to a path of a host of the live run, once."""
    return entries.open_path(
        visitor.person, workspace, host, path, Holder(login=visitor.login), site(), steady.now()
    )  # fmt: skip


def straight_in(visitor: Visitor, workspace: str, interface: str, rest: str) -> str | None:
    """As `ticket`; None where the workspace is not ready."""
    try:
        return ticket(visitor, workspace, interface, rest)
    except Refusal:
        return None


def into_main(visitor: Visitor, workspace: str, rest: str) -> str | None:
    """Into the live run's main interface; None where it is not ready, or has none."""
    run = runs.live_of(workspace)
    main = main_interface(of_run(run), rest) if run else None
    return straight_in(visitor, workspace, main.key, rest) if main else None


def main_interface(definition: Environment, rest: str = "") -> Interface | None:
    """The one that opens by itself: the first, or for a click with its own path the first that
    takes it.
    """
    inside = [each for each in definition.interfaces if each.port is not None]
    if rest:
        inside = [each for each in inside if "USER_REDIRECT" in each.link] or inside
    return inside[0] if inside else None
