"""Every knob an operator may turn: type, unit, default and reason. Renders its own reference page.

Values come from the environment (`MYDOCKER_URL=…`), else from a TOML file named by
`MYDOCKER_SETTINGS` (`url = "…"`), else from the defaults below.
"""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import SplitResult, urlsplit

PREFIX = "MYDOCKER_"
LONGEST_RUN_FOLDER = 70
LEAST_BUILD_BYTES = 64 * 2**20
LEAST_SWAP_BYTES = 64 << 20


class Mode(StrEnum):
    """Development helps; production refuses everything that is only safe on one's own machine."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class BadSettings(Exception):
    """Settings that cannot work. The message says which, why, and what to write instead."""


def _knob(default: Any, unit: str, reason: str) -> Any:
    return field(default=default, metadata={"unit": unit, "reason": reason})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decided. Immutable; made once at start by `load`."""

    mode: Mode = _knob(
        Mode.DEVELOPMENT,
        "`development` or `production`",
        "Development offers demo people and plain http, so it is only accepted where the host of "
        "`url` is `localhost` or under it. Production refuses demo people, debug, plain http and "
        "an unset secret.",
    )
    data: Path = _knob(
        Path("var"),
        "folder",
        "All state: database, homes, keys, gateway files, logs. Two installations with "
        "different folders and ports run side by side on one engine.",
    )
    url: str = _knob(
        "http://mydocker.localhost:8080",
        "URL",
        "The address of the dashboard as people type it; its port is the port of the gateway.",
    )
    apps_domain: str = _knob(
        "mydocker-apps.localhost",
        "host name",
        "Workspaces live on random names under this domain (same port as `url`). It must be "
        "another site than the dashboard's, so that no container's page can touch its cookies.",
    )
    database_url: str = _knob(
        "",
        "URL",
        "`postgresql://user:password@host/name`; empty for SQLite in the data folder.",
    )
    language: str = _knob("fr", "`fr` or `en`", "For people whose browser asks for neither.")
    support: str = _knob(
        "", "mail address or URL", "Where errors tell people to write, with a prefilled report."
    )
    institution: str = _knob("", "text", "Shown beside the product's name.")
    brand_hue: int = _knob(
        218, "degrees, 0–360", "Hue of the accent colour; contrast holds for all."
    )
    logo: str = _knob("", "path of an SVG", "One colour (`currentColor`), at most 160 × 40.")
    time_zone: str = _knob("Europe/Paris", "IANA name", "For times in pages.")
    bind: str = _knob(
        "",
        "addresses, comma separated",
        "Where the gateway listens; empty: loopback in development, all addresses in production.",
    )
    tls_certificate: str = _knob(
        "", "path of a PEM file", "Certificate chain and key for the dashboard and `*.apps_domain`."
    )
    secret_key: str = _knob(
        "",
        "text, 32 characters or more",
        "Encrypts run credentials and signs cookies. Empty: made once in `data/secret.key` (0600).",
    )
    login_lifetime: timedelta = _knob(
        timedelta(hours=12), "duration", "How long a sign-in lasts, and what it opened."
    )
    web_workers: int = _knob(
        0,
        "processes",
        "Processes that make pages, each with 8 threads. 0: one for two cores; "
        "each takes about 30 MB.",
    )
    concurrent_starts: int = _knob(
        8,
        "containers",
        "Starts of people under way at once; others wait in the queue. Measured: beyond 8 on "
        "two cores nothing gets faster and the first people wait longer.",
    )
    start_patience: timedelta = _knob(
        timedelta(seconds=120), "duration", "How long a program may take to answer on its ports."
    )
    idle_round: timedelta = _knob(
        timedelta(seconds=30),
        "duration",
        "How often all workspaces are looked at: who is idle, who may sleep.",
    )
    freeze_swap: str = _knob(
        "none",
        "`none`, `zram` or `node`",
        "Where the memory of frozen workspaces may go. `zram`: a compressed part of memory that "
        "the service makes for it (a JupyterLab keeps a third of its memory); `node`: the swap "
        "that this machine already has; `none`: they keep it.",
    )
    freeze_swap_bytes: int = _knob(
        0,
        "bytes, before compression",
        "Size of the `zram`; it takes memory only for what it holds. 0: as much as this machine "
        "has memory.",
    )
    catalogue: str = _knob(
        "",
        "path of a folder",
        "Environments that are there from the first start: `NAME/environment.yaml`, each defined "
        "at a start if there is none of its slug. Empty: those that the program ships.",
    )
    network_allow: tuple[str, ...] = _knob(
        (),
        "`address:port/tcp`, comma separated",
        "Private addresses that containers may reach all the same, such as a local Git server.",
    )
    extra_ca: str = _knob(
        "",
        "path of a PEM file",
        "Certificates of all authorities that image builds trust. Empty: those of this machine.",
    )
    builds_at_once: int = _knob(
        0,
        "builds",
        "Image builds under way at once; others wait their turn. 0: one for two cores.",
    )
    build_cpus: float = _knob(
        0.0, "CPUs", "What the steps of one build may use. 0: half of this machine's."
    )
    build_memory_bytes: int = _knob(
        4 * 2**30, "bytes", "Of one step of a build; who uses more is killed and told so."
    )
    build_disk_bytes: int = _knob(
        20 * 2**30, "bytes", "What a build may add to the image that it is built on."
    )
    build_time: timedelta = _knob(timedelta(hours=1), "duration", "How long a build may take.")
    build_processes: int = _knob(
        2048, "processes", "Of all steps of one build together: a fork bomb ends there."
    )
    build_variables: tuple[str, ...] = _knob(
        (),
        "`NAME=value`, comma separated",
        "Build arguments of all builds, such as a proxy or where packages come from. Empty: those "
        "of `http_proxy`, `https_proxy`, `no_proxy`, `PIP_INDEX_URL`, `NPM_CONFIG_REGISTRY` and "
        "`CRAN` that the service itself was started with.",
    )
    demo: bool = _knob(
        default=True,
        unit="yes or no",
        reason="One-click demo people on the sign-in page; development only.",
    )
    debug: bool = _knob(
        default=False, unit="yes or no", reason="Django's debug pages; development only."
    )

    @property
    def parsed_url(self) -> SplitResult:
        """The dashboard's address, split."""
        return urlsplit(self.url)

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return self.parsed_url.scheme

    @property
    def host(self) -> str:
        """The dashboard's host name, without port."""
        return self.parsed_url.hostname or ""

    @property
    def port(self) -> int:
        """The gateway's port."""
        return self.parsed_url.port or (443 if self.scheme == "https" else 80)

    @property
    def apps_netloc(self) -> str:
        """The apps domain with its port, as it stands in a link."""
        explicit = self.parsed_url.port
        return f"{self.apps_domain}:{explicit}" if explicit else self.apps_domain

    @property
    def run_folder(self) -> Path:
        """Sockets of the running service."""
        return self.data / "run"

    @property
    def instance(self) -> str:
        """Six hex digits that tell two installations on one machine apart; from the data folder."""
        return sha256(str(self.data).encode()).hexdigest()[:6]

    @property
    def is_development(self) -> bool:
        """Whether demo people and plain http are acceptable."""
        return self.mode is Mode.DEVELOPMENT


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read, check and complete the settings. Raises `BadSettings` naming the knob to turn."""
    environ = os.environ if environ is None else environ
    written = _from_file(environ.get(PREFIX + "SETTINGS", ""))
    values: dict[str, Any] = {}
    for knob in fields(Settings):
        raw: Any = environ.get(PREFIX + knob.name.upper(), written.get(knob.name))
        if raw is not None and raw != "":
            values[knob.name] = _read(knob, raw)
    unknown = set(written) - {knob.name for knob in fields(Settings)}
    if unknown:
        raise BadSettings(f"The settings file has unknown names: {', '.join(sorted(unknown))}.")
    values["data"] = Path(values.get("data", Settings().data)).absolute()
    settings = Settings(**values)
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuse combinations that cannot work or are not safe."""
    url = settings.parsed_url
    if url.scheme not in ("http", "https") or not url.hostname:
        raise BadSettings(f"MYDOCKER_URL is “{settings.url}”: write http(s)://host[:port].")
    if url.path not in ("", "/") or url.query or url.fragment:
        raise BadSettings(
            "MYDOCKER_URL must have neither path nor query: write http(s)://host[:port]."
        )
    if settings.language not in ("fr", "en"):
        raise BadSettings("MYDOCKER_LANGUAGE must be fr or en.")
    if len(os.fsencode(settings.run_folder)) > LONGEST_RUN_FOLDER:
        raise BadSettings(
            f"MYDOCKER_DATA is too long a path ({settings.data}): sockets lie below it, and Linux "
            f"gives those 107 bytes in all. Choose one of at most {LONGEST_RUN_FOLDER - 4}."
        )
    _check_numbers(settings)
    _check_site(settings)
    if settings.is_development:
        if not _is_local(settings.host):
            raise BadSettings(
                f"MYDOCKER_MODE=development is only for localhost and names under it, "
                f"and MYDOCKER_URL names “{settings.host}”. Set MYDOCKER_MODE=production."
            )
        return
    _check_production(settings)


def _check_numbers(settings: Settings) -> None:
    if settings.concurrent_starts < 1:
        raise BadSettings("MYDOCKER_CONCURRENT_STARTS must be at least 1.")
    if settings.idle_round < timedelta(seconds=1):
        raise BadSettings("MYDOCKER_IDLE_ROUND must be at least 1 s.")
    if settings.build_memory_bytes < LEAST_BUILD_BYTES:
        raise BadSettings("MYDOCKER_BUILD_MEMORY_BYTES must be 64 MiB (67108864) or more.")
    if settings.builds_at_once < 0 or settings.build_cpus < 0 or settings.build_processes < 1:
        raise BadSettings("MYDOCKER_BUILDS_AT_ONCE, _CPUS and _PROCESSES must not be negative.")
    for variable in settings.build_variables:
        if not re.fullmatch(r"\w+=.*", variable):
            raise BadSettings(f"MYDOCKER_BUILD_VARIABLES has “{variable}”: write NAME=value.")
    if settings.freeze_swap not in ("none", "zram", "node"):
        raise BadSettings("MYDOCKER_FREEZE_SWAP must be none, zram or node.")
    if settings.freeze_swap_bytes and settings.freeze_swap_bytes < LEAST_SWAP_BYTES:
        raise BadSettings("MYDOCKER_FREEZE_SWAP_BYTES must be 0, or 64 MiB (67108864) or more.")


def _check_production(settings: Settings) -> None:
    refused = {
        "MYDOCKER_DEMO must be no in production: demo people have no password.": settings.demo,
        "MYDOCKER_DEBUG must be no in production: its pages show secrets.": settings.debug,
        "MYDOCKER_URL must be https in production.": settings.scheme != "https",
        "MYDOCKER_SECRET_KEY must be set in production (32 characters or more), or "
        "data/secret.key must exist.": not settings.secret_key
        and not (settings.data / "secret.key").exists(),
    }
    for sentence, is_wrong in refused.items():
        if is_wrong:
            raise BadSettings(sentence)


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check_site(settings: Settings) -> None:
    domain, host = settings.apps_domain, settings.host
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", domain):
        raise BadSettings(f"MYDOCKER_APPS_DOMAIN is “{domain}”: write a lower-case host name.")
    if _is_address(host) and not settings.is_development:
        raise BadSettings("MYDOCKER_URL must name a host, not an address.")
    if site_of(domain) == site_of(host):
        raise BadSettings(
            f"MYDOCKER_APPS_DOMAIN “{domain}” is the same site as the dashboard “{host}”: a "
            "container's page could plant cookies on it. Use another registrable domain, such as "
            "example-apps.org beside example.org."
        )


def site_of(host: str) -> str:
    """The part of a host name that browsers call its site (two labels, or three under e.g. ac.uk).

    Without the Public Suffix List this errs towards calling two hosts the same site, which is
    the safe side here.
    """
    labels = host.lower().rstrip(".").split(".")
    return ".".join(labels[-2:])


def _from_file(name: str) -> dict[str, Any]:
    if not name:
        return {}
    try:
        return tomllib.loads(Path(name).read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"MYDOCKER_SETTINGS={name}: {error}") from error


def _read(knob: "Field[Any]", raw: Any) -> Any:
    kind = type(knob.default) if knob.default is not MISSING else str
    name = PREFIX + knob.name.upper()
    try:
        return _convert(kind, raw)
    except (ValueError, KeyError) as error:
        raise BadSettings(f"{name} is “{raw}”: expected {knob.metadata['unit']}.") from error


def _convert(kind: type[Any], raw: Any) -> Any:
    if kind is bool:
        return raw if isinstance(raw, bool) else _WORDS[str(raw).strip().lower()]
    if kind is timedelta:
        return read_duration(str(raw))
    if kind is tuple:
        parts = raw if isinstance(raw, list) else str(raw).split(",")
        return tuple(part.strip() for part in parts if str(part).strip())
    if issubclass(kind, Path):
        return Path(str(raw))
    return kind(raw)


_WORDS = {
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
    "off": False,
}
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def read_duration(text: str) -> timedelta:
    """Read `90s`, `20min`, `12h` or `7d`. Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+)\s*(s|min|h|d)\s*", text)
    if not match:
        raise ValueError(text)
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def secret_of(settings: Settings) -> str:
    """The installation's secret: the setting, else `data/secret.key`, made once with mode 0600.

    Raises `BadSettings` for a file that is empty.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.data / "secret.key"
    if not path.exists():
        _make_secret(path)
    secret = path.read_text().strip()
    if not secret:
        raise BadSettings(
            f"{path} is empty. Take it from a backup, or delete it if this service never ran."
        )
    return secret


def _make_secret(path: Path) -> None:
    """Write the file whole and only then give it its name: other processes may want it now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=".secret.key.") as new:  # mode 0600
        new.write(secrets.token_urlsafe(48))
        new.flush()
        os.fsync(new.fileno())
        with suppress(FileExistsError):  # another process was first
            path.hardlink_to(new.name)
