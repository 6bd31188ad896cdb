"""The configuration of HAProxy: what an installation decides, rendered into `haproxy.cfg.in`.

Nothing here talks to a running gateway; that is `adapter.py`.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from mydocker.adapters.haproxy import pages
from mydocker.adapters.haproxy.maps import GRANTS, ROUTES, touch
from mydocker.adapters.haproxy.refusals import REFUSALS, Refused

GRANT_COOKIE = "__Host-mydocker_grant"
"""The cookie that holds a grant of entry on a run's host."""
OUR_COOKIES = "__Host-mydocker"
"""No cookie whose name begins so ever reaches a container, in whatever case."""
RUN_HOST_HEADER = "X-Mydocker-Run-Host"
"""Set on `/.mydocker/enter` alone: the run's host, as the gateway understood it."""

_TEMPLATE = Path(__file__).with_name("haproxy.cfg.in")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_LISTEN = re.compile(r"(?:[0-9.]+|\[[0-9a-f:.]+\]):[0-9]{1,5}")
_PATH = re.compile(r"/[\w./@+=:-]*")
_WORD = re.compile(r"[\w@.-]+")


class _Template(Template):
    delimiter = "@"
    pattern = r"@(?:(?P<escaped>@@)|(?P<named>(?!))|\{(?P<braced>[a-z_]+)\}|(?P<invalid>(?!)))"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """What one installation decides about its gateway. Raises `ValueError` for what cannot be."""

    folder: Path
    """Holds `haproxy.cfg`, `maps/` and `pages/`."""
    sockets: Path
    """Holds `admin.sock` and `metrics.sock`; a short path (a socket's name has 107 characters)."""
    listen: tuple[str, ...]
    """`ADDRESS:PORT`, IPv6 in brackets. An address the machine does not have stops HAProxy."""
    scheme: str
    """`http` or `https`: what browsers use, also where another proxy ends TLS before this one."""
    dashboard: str
    """`HOST` or `HOST:PORT` of the dashboard, as browsers see it."""
    apps_domain: str
    """`DOMAIN` or `DOMAIN:PORT` of the runs' hosts, as browsers see it."""
    web: str
    """Where the pages are: a socket's path or `ADDRESS:PORT`."""
    streams: str
    """Where the event streams are: a socket's path or `ADDRESS:PORT`."""
    certificates: tuple[Path, ...] = ()
    """PEM files (or folders of them) with certificate and key; none means plain HTTP."""
    listen_plain: tuple[str, ...] = ()
    """Where plain HTTP is answered with a redirection, when there are certificates."""
    user: str = ""
    """Whom HAProxy becomes after it has opened ports and files; empty: nobody else."""
    group: str = ""
    owner_uid: int | None = None
    """Who may write the maps and speak on the admin socket (the loops); None: who starts it."""
    owner_gid: int | None = None
    maxconn: int = 1000
    """See `maxconn_within`."""
    threads: int | None = None
    """None: one per processor, as HAProxy does."""
    language: str = "en"
    """`en` or `fr`, for those who ask for neither."""
    support: str = ""
    """Whom to ask, shown on the pages; may be empty."""
    log: str = "stdout"
    """Where JSON lines go: `stdout`, `stderr`, `fd@N`, a syslog address."""
    log_all: bool = False
    """Also log what went well on the data path. Costs about a microsecond a request."""
    head_seconds: int = 15
    """A request's head must arrive within this."""
    client_seconds: int = 300
    """A browser that should send or read and does not is cut after this."""
    tunnel_seconds: int = 86_400
    """A websocket on which nothing moves in either direction is cut after this."""

    def __post_init__(self) -> None:
        _check("scheme", self.scheme, re.compile("https?"))
        _check("language", self.language, re.compile("en|fr"))
        _check("dashboard", self.dashboard, _HOST)
        _check("apps_domain", self.apps_domain, _HOST)
        for path in (self.folder, self.sockets, *self.certificates):
            _check("path", str(path), _PATH)
        for address in (*self.listen, *self.listen_plain):
            _check("listen", address, _LISTEN)
        for upstream in (self.web, self.streams):
            _check("upstream", upstream, _PATH if upstream.startswith("/") else _LISTEN)
        for word in (self.user, self.group, self.log):
            _check("name", word or "-", _WORD)

    @property
    def file(self) -> Path:
        """Where `install` writes the configuration."""
        return self.folder / "haproxy.cfg"

    @property
    def admin_socket(self) -> Path:
        """The runtime socket; who can write to it decides who reaches what."""
        return self.sockets / "admin.sock"


def _check(what: str, value: str, allowed: re.Pattern[str]) -> None:
    if not allowed.fullmatch(value):
        raise ValueError(f"the gateway's {what} cannot be {value!r}")


def maxconn_within(hard_limit_of_files: int) -> int:
    """Return how many connections a process with this `RLIMIT_NOFILE` can carry.

    Two descriptors each (browser, container) and a tenth for the rest; HAProxy refuses to start
    with more than the limit allows. Above 20,000 memory is the limit: 33 kB each while busy.
    """
    return max(50, min(20_000, hard_limit_of_files * 9 // 20))


def render(config: GatewayConfig) -> str:
    """Return the text of `haproxy.cfg`."""
    places = {
        "process": _lines(_process(config)),
        "tls_defaults": _lines(_tls(config)),
        "binds": _lines(_binds(config)),
        "https_only": _lines(_https_only(config)),
        "maxconn": str(config.maxconn),
        "log": config.log,
        "log_all": "no " if config.log_all else "",
        "admin": _socket(config, "admin.sock"),
        "metrics": "unix@" + _socket(config, "metrics.sock"),
        "maps": str(config.folder / "maps"),
        "pages": str(config.folder / "pages"),
        "web": _upstream(config.web),
        "streams": _upstream(config.streams),
        "head_timeout": f"{config.head_seconds}s",
        "client_timeout": f"{config.client_seconds}s",
        "tunnel_timeout": f"{config.tunnel_seconds}s",
        "scheme": config.scheme,
        "port": _port(config),
        "language": config.language,
        "dashboard_host": _host(config.dashboard),
        "dashboard_url": f"{config.scheme}://{config.dashboard}",
        "run_host": rf"'^[a-z2-7]{{20}}\.{re.escape(_host(config.apps_domain))}$'",
        "grant_cookie": GRANT_COOKIE,
        "cookie_prefix": OUR_COOKIES,
        "our_cookies": f"'{_our_cookies()}'",
        "domain_attributes": f"'{_domain_attributes()}'",
        "html": 'content-type "text/html; charset=utf-8"',
        "page_headers": f'hdr cache-control no-store hdr content-security-policy "{pages.POLICY}"',
    }
    places |= {f"refuse_{r.code}": _refuse(config, r) for r in REFUSALS}
    return _Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(places)


def install(config: GatewayConfig) -> Path:
    """Write configuration and pages, make what is missing, keep the maps; return the file.

    May be repeated at every start. As root, gives the maps to the owner.
    """
    _folder(config.folder, 0o755)
    _folder(config.sockets, 0o755)
    maps = config.folder / "maps"
    _folder(maps, 0o700)
    for path in (maps, touch(maps / ROUTES), touch(maps / GRANTS)):
        _give(path, config)
    pages.write(config.folder / "pages", f"{config.scheme}://{config.dashboard}", config.support)
    fresh = config.file.with_suffix(".new")
    fresh.write_text(render(config), encoding="utf-8")
    fresh.replace(config.file)
    return config.file


def command(config: GatewayConfig) -> list[str]:
    """Return what to run, in the foreground; one process, so that its death is seen."""
    return ["haproxy", "-db", "-f", str(config.file)]


def _folder(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)


def _give(path: Path, config: GatewayConfig) -> None:
    if os.geteuid() == 0 and config.owner_uid is not None:
        os.chown(path, config.owner_uid, -1 if config.owner_gid is None else config.owner_gid)


def _lines(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def _process(config: GatewayConfig) -> list[str]:
    named = [("user", config.user), ("group", config.group), ("nbthread", config.threads)]
    return [f"{word} {value}" for word, value in named if value]


def _tls(config: GatewayConfig) -> list[str]:
    if not config.certificates:
        return []
    return [
        "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
        "tune.ssl.default-dh-param 2048",
    ]


def _binds(config: GatewayConfig) -> list[str]:
    certificates = " ".join(f"crt {path}" for path in config.certificates)
    tls = f" ssl {certificates} alpn h2,http/1.1" if certificates else ""
    plain = config.listen_plain if certificates else ()
    return [_bind(address) + tls for address in config.listen] + [_bind(a) for a in plain]


def _bind(address: str) -> str:
    return f"bind {address}" + (" v6only" if address.startswith("[") else "")


def _https_only(config: GatewayConfig) -> list[str]:
    if not config.certificates:
        return []
    port = "" if _port(config) == "443" else f":{_port(config)}"
    return [
        f"http-request redirect code 308 location https://%[req.hdr(host),host_only]{port}%[pathq]"
        " if !{ ssl_fc }",
        "http-after-response set-header strict-transport-security max-age=31536000",
    ]


def _socket(config: GatewayConfig, name: str) -> str:
    owner = [("uid", config.owner_uid), ("gid", config.owner_gid)]
    rights = "".join(f" {word} {number}" for word, number in owner if number is not None)
    return f"{config.sockets / name} mode 600{rights}"


def _upstream(address: str) -> str:
    return f"unix@{address}" if address.startswith("/") else address


def _host(address: str) -> str:
    return address.partition(":")[0]


def _port(config: GatewayConfig) -> str:
    return config.dashboard.partition(":")[2] or {"http": "80", "https": "443"}[config.scheme]


def _refuse(config: GatewayConfig, refused: Refused) -> str:
    line = (
        f"http-request return status {refused.status} content-type application/json "
        f"lf-file {config.folder}/pages/{refused.code}.%s.json "
        f"hdr cache-control no-store{refused.headers} if %s"
    )
    where = f"{refused.unless} " if refused.unless else ""
    french = "{ var(txn.language) -m str fr }"
    return _lines([line % ("fr", where + french), line % ("en", where + "!" + french)])


def _our_cookies() -> str:
    """All at the beginning, then up to eight elsewhere: `\\1` to `\\9` is what remains."""
    ours = rf"{OUR_COOKIES}[^;,]*"
    rest = ""
    for _ in range(8):
        rest = rf"(?:[;,\s\"]\s*{ours}(.*?){rest})?"
    return rf"(?i)^(?:\s*{ours}[;,]?\s*)*(.*?){rest}$"


def _domain_attributes() -> str:
    """The first three `Domain` of a Set-Cookie: `\\1` to `\\4` is what remains."""
    domain = r";\s*domain\s*(?:=[^;]*)?(?=;|$)"
    return rf"(?i)^(.*?){domain}(.*?)(?:{domain}(.*?)(?:{domain}(.*?))?)?$"
