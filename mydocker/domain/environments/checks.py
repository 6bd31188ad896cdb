"""What is wrong between the parts of an environment, each of which is right by itself."""

from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.values import Auth, Environment, Protocol
from mydocker.domain.templates import Name, variables_of
from mydocker.domain.words import gettext_noop as _


def check(root: Place, environment: Environment) -> None:
    """Note what does not fit together, leaving out sections that have mistakes already."""
    if root.is_sound("ports", "interfaces"):
        _check_interfaces(root, environment)
    if root.is_sound("ports", "command"):
        _check_hosts(root.at("command", None), environment.command, environment)
    if root.is_sound("ports", "variables"):
        for name, text in environment.variables.items():
            _check_hosts(root.at("variables", None).at(name, text), text, environment)
    if root.is_sound("lifetime"):
        _check_warning(root.at("lifetime", None), environment)


def _check_interfaces(root: Place, environment: Environment) -> None:
    keepers: dict[int, Auth] = {}
    for number, interface in enumerate(environment.interfaces):
        place = root.at("interfaces", None).at(number, None).at("link", interface.link)
        _check_hosts(place, interface.link, environment)
        if interface.port is None or interface.auth not in (Auth.JUPYTER, Auth.BASIC):
            continue
        # The gateway adds one header per host, and a port has one host.
        if keepers.setdefault(interface.port, interface.auth) is not interface.auth:
            place.wrong(
                _("Two interfaces of port %(port)s want different kinds of auth."),
                _("Give both the same."),
                port=interface.port,
            )


def _check_hosts(place: Place, text: str, environment: Environment) -> None:
    for variable in dict.fromkeys(variables_of(text)):
        if variable.port is None:
            continue
        port = environment.port(variable.port)
        if port is None:
            place.wrong(
                _("Port %(port)s is not declared."),
                _("Add it to the ports of the environment."),
                port=variable.port,
            )
        elif port.protocol is not Protocol.HTTP:
            place.wrong(
                _("HOST is for http ports, and %(port)s is none.")
                if variable.name is Name.HOST
                else _("Port %(port)s is not an http port: it waits for the SSH gateway."),
                _("Leave this out; people will be told how to reach the port."),
                port=variable.port,
            )


def _check_warning(place: Place, environment: Environment) -> None:
    lifetime = environment.lifetime
    limits = [limit for limit in (lifetime.idle, lifetime.absolute) if limit is not None]
    if limits and lifetime.warning >= min(limits):
        place.at("warning", None).wrong(
            _("The warning comes before the workspace has begun: it is as long as the limit."),
            _("Make it shorter than both idle and absolute."),
        )
