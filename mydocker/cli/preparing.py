"""What has to be there before the processes start: tables, pages, environments, gateway files."""

from datetime import UTC, datetime
from pathlib import Path

from mydocker.adapters.haproxy import GatewayConfig, write_configuration
from mydocker.bootstrap import sockets
from mydocker.cli.users import Users
from mydocker.settings import BadSettings, Settings

CATALOGUE = Path(__file__).parent.parent.parent / "catalogue"
"""What the program ships."""


def prepare(settings: Settings) -> None:
    """Bring database, static files and first environments up to date; repeatable and quick."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    from mydocker.store.runs import make_local_node
    from mydocker.store.transactions import forget_connection

    make_local_node()
    apply_catalogue(Path(settings.catalogue) if settings.catalogue else CATALOGUE)
    forget_connection()


def apply_catalogue(folder: Path) -> None:
    """Define the first environments, unless they exist: teachers may have edited them.

    Raises `BadSettings` for a folder or a file that cannot be taken.
    """
    from mydocker.cli.main import told
    from mydocker.services import environments
    from mydocker.services.definitions import BadDefinition, read_definition
    from mydocker.services.operator import OPERATOR
    from mydocker.store.environments import by_slug

    if not folder.is_dir():
        raise BadSettings(f"MYDOCKER_CATALOGUE is “{folder}”, and that is no folder.")
    for path in sorted(folder.glob("*/environment.yaml")):
        try:
            definition = read_definition(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(f"{path}: {error}") from error
        except BadDefinition as bad:
            raise BadSettings(told(str(path), bad)) from bad
        if by_slug(definition.slug) is None:
            environments.apply(OPERATOR, definition, datetime.now(UTC))


def write_gateway_configuration(settings: Settings, users: Users) -> Path:
    """Write the gateway's configuration; returns where."""
    where = sockets(settings)
    config = GatewayConfig(
        folder=settings.data / "gateway",
        socket=where.gateway,
        socket_user=users.loops.name,
        user=users.gateway.name,
        bind=addresses(settings),
        port=settings.port,
        certificate=settings.tls_certificate,
        plain_port=80 if settings.tls_certificate and settings.port == 443 else None,
        scheme=settings.scheme,
        dashboard_host=settings.host,
        apps_domain=settings.apps_domain,
        url=settings.url,
        web=where.web,
        streams=where.streams,
        bell=where.bell,
    )
    return write_configuration(config)


def addresses(settings: Settings) -> tuple[str, ...]:
    """Where the gateway listens."""
    if settings.bind:
        return tuple(each.strip() for each in settings.bind.split(","))
    return ("127.0.0.1", "::1") if settings.is_development else ("0.0.0.0", "::")  # noqa: S104 - the service is for everybody
