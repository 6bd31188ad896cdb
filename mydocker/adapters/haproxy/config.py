"""The configuration of HAProxy: what an installation decides, rendered into `haproxy.cfg.in`.

Nothing here talks to a running gateway; that is `adapter.py`.
"""

import grp
import os
import pwd
import re
import resource
from dataclasses import dataclass
from pathlib import Path

from mydocker.adapters.haproxy import cookies, maps, pages
from mydocker.adapters.haproxy.refusals import REFERENCE, REFUSALS, Refused

_TEMPLATE = Path(__file__).with_name("template.cfg")
_BELL = Path(__file__).with_name("bell.lua")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:.]*")
_UPSTREAM = re.compile(r"/[\w./@+=:-]*|[0-9.]+:[0-9]{1,5}|\[[0-9a-f:.]+\]:[0-9]{1,5}")
_PATH = re.compile(r"/[\w./@+=:-]*")
_URL = re.compile(r"https?://[a-z0-9.:\[\]-]+/?")
_WORD = re.compile(r"[\w@.:-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """What one installation decides about its gateway. Raises `ValueError` for what cannot be."""

    folder: Path
    """Holds `haproxy.cfg`, `maps/` and `pages/`. No spaces or quotes in the path."""
    socket: Path
    """The admin socket: who can write to it decides who reaches what. `metrics.sock` is beside it.
    A short path: a socket's name has at most 107 characters, and HAProxy adds some."""
    bind: tuple[str, ...]
    """Addresses, IPv4 or IPv6. One that the machine does not have stops HAProxy."""
    port: int
    scheme: str
    """`http` or `https`: what browsers use, also where another proxy ends TLS before this one."""
    dashboard_host: str
    apps_domain: str
    url: str
    """Of the dashboard, as browsers see it."""
    web: Path | str
    """Where the pages are: a socket or `ADDRESS:PORT`."""
    streams: Path | str
    """Where the event streams are: a socket or `ADDRESS:PORT`."""
    bell: Path
    """The agent's socket on which sleepers are woken."""
    certificate: Path | str = ""
    """A PEM file (or a folder of them) with certificate chain and key; empty means plain HTTP."""
    plain_port: int | None = None
    """Where plain HTTP is answered with a redirection, if there is a certificate; usually 80."""
    user: str = ""
    """Whom HAProxy becomes after it has opened ports and files; empty: nobody else."""
    socket_user: str = ""
    """Who may write the maps and speak on the sockets (the loops); empty: who starts it."""
    maxconn: int = 0
    """0: what this process's hard limit of open files allows; see `maxconn_within`."""
    threads: int = 0
    """0: one per processor, as HAProxy does."""
    language: str = "en"
    """`en` or `fr`, for those who ask for neither."""
    support: str = ""
    """Whom to ask, shown on the pages; may be empty."""
    log: str = "stdout"
    """Where JSON lines go: `stdout`, `stderr`, `fd@N`, `ADDRESS:PORT` of a syslog server."""
    log_all: bool = False
    """Also log what went well. Costs some microseconds a request."""
    head_seconds: int = 15
    """A request's head must arrive within this."""
    client_seconds: int = 300
    """A browser that should send or read and does not is cut after this."""
    answer_seconds: int = 3600
    """A container that says nothing, neither an answer nor more of one, is given up after this."""
    tunnel_seconds: int = 86_400
    """A websocket on which nothing moves in either direction is cut after this."""

    def __post_init__(self) -> None:
        _check("scheme", self.scheme, re.compile("https?"))
        _check("language", self.language, re.compile("en|fr"))
        _check("dashboard_host", self.dashboard_host, _HOST)
        _check("apps_domain", self.apps_domain, _HOST)
        _check("url", self.url, _URL)
        for path in (self.folder, self.socket, self.bell, self.certificate or "/"):
            _check("path", str(path), _PATH)
        for address in self.bind:
            _check("address", address, _ADDRESS)
        for upstream in (self.web, self.streams):
            _check("upstream", str(upstream), _UPSTREAM)
        for word in (self.user, self.socket_user, self.log):
            _check("name", word, _WORD)

    @property
    def file(self) -> Path:
        """Where `write_configuration` writes it."""
        return self.folder / "haproxy.cfg"


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
        "maxconn": str(config.maxconn or maxconn_within(_hard_limit())),
        "log": config.log,
        "log_all": "no " if config.log_all else "",
        "admin": _socket(config, config.socket.name),
        "metrics": "unix@" + _socket(config, "metrics.sock"),
        "maps": _maps(config),
        "lua": str(config.folder / _BELL.name),
        "pages": str(config.folder / "pages"),
        "web": _upstream(config.web),
        "streams": _upstream(config.streams),
        "head_timeout": f"{config.head_seconds}s",
        "client_timeout": f"{config.client_seconds}s",
        "answer_timeout": f"{config.answer_seconds}s",
        "tunnel_timeout": f"{config.tunnel_seconds}s",
        "scheme": config.scheme,
        "port": str(config.port),
        "language": config.language,
        "reference": REFERENCE,
        "dashboard_host": config.dashboard_host,
        "dashboard_url": config.url.rstrip("/"),
        "run_host": rf"'^[a-z2-7]{{20}}\.{re.escape(config.apps_domain)}$'",
        "grant_cookie": cookies.GRANT,
        "cookie_prefix": cookies.OURS,
        "our_cookies": f"'{cookies.ours_in_a_line()}'",
        "foreign_cookies": f"'{cookies.not_for_others()}'",
        "html": 'content-type "text/html; charset=utf-8"',
        "page_headers": f'hdr cache-control no-store hdr content-security-policy "{pages.POLICY}"',
    }
    places |= {f"refuse_{r.code}": _refuse(config, r) for r in REFUSALS}
    return pages.Placed(_TEMPLATE.read_text(encoding="utf-8")).substitute(places)


def write_configuration(config: GatewayConfig) -> Path:
    """Write configuration and pages, make what is missing, keep the maps; return the file.

    May be repeated at every start. As root, gives the maps to the socket's user.
    """
    folder, lists = config.folder, config.folder / "maps"
    for path, mode in ((folder, None), (config.socket.parent, None), (lists, 0o700)):
        path.mkdir(parents=True, exist_ok=True)
        if mode is not None:
            path.chmod(mode)
    owned = [lists, *(maps.touch(lists / name) for name in maps.FILES)]
    for path in owned:
        _give(path, config)
    pages.write(folder / "pages", config.url.rstrip("/"), config.support)
    bell = pages.Placed(_BELL.read_text(encoding="utf-8"))
    words = bell.substitute(bell=str(config.bell), maps=_maps(config))
    (folder / _BELL.name).write_text(words, encoding="utf-8")
    fresh = config.file.with_suffix(".new")
    fresh.write_text(render(config), encoding="utf-8")
    return fresh.replace(config.file)


def _maps(config: GatewayConfig) -> str:
    return str(config.folder / "maps")


def gateway_command(file: Path) -> list[str]:
    """Return what to run, in the foreground; one process, so that its death is seen."""
    return ["haproxy", "-db", "-f", str(file)]


def _give(path: Path, config: GatewayConfig) -> None:
    if config.socket_user and os.geteuid() == 0:
        user = pwd.getpwnam(config.socket_user)
        os.chown(path, user.pw_uid, user.pw_gid)


def _hard_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def _lines(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def _process(config: GatewayConfig) -> list[str]:
    lines = [f"nbthread {config.threads}"] if config.threads else []
    if not config.user:
        return lines
    group = grp.getgrgid(pwd.getpwnam(config.user).pw_gid).gr_name
    return [f"user {config.user}", f"group {group}", *lines]


def _tls(config: GatewayConfig) -> list[str]:
    if not config.certificate:
        return []
    return [
        "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
        "tune.ssl.default-dh-param 2048",
    ]


def _binds(config: GatewayConfig) -> list[str]:
    if not config.certificate:
        return [_bind(address, config.port) for address in config.bind]
    tls = f" ssl crt {config.certificate} alpn h2,http/1.1"
    plain = config.bind if config.plain_port else ()
    return [
        *(_bind(address, config.port) + tls for address in config.bind),
        *(_bind(address, config.plain_port or 80) for address in plain),
    ]


def _bind(address: str, port: int) -> str:
    return f"bind [{address}]:{port} v6only" if ":" in address else f"bind {address}:{port}"


def _https_only(config: GatewayConfig) -> list[str]:
    if not config.certificate:
        return []
    port = "" if config.port == 443 else f":{config.port}"
    there = f"https://%[req.hdr(host),host_only]{port}%[pathq]"
    return [
        f"http-request redirect code 308 location {there} if !{{ ssl_fc }}",
        "http-after-response set-header strict-transport-security max-age=31536000",
    ]


def _socket(config: GatewayConfig, name: str) -> str:
    owner = f" user {config.socket_user}" if config.socket_user else ""
    return f"{config.socket.with_name(name)} mode 600{owner}"


def _upstream(address: Path | str) -> str:
    return f"unix@{address}" if str(address).startswith("/") else str(address)


def _refuse(config: GatewayConfig, refused: Refused) -> str:
    line = (
        f"http-request deny status {refused.status} content-type application/json "
        f"lf-file {config.folder}/pages/{refused.code}.%s.json "
        f"hdr cache-control no-store{refused.headers} if %s"
    )
    where = f"{refused.unless} " if refused.unless else ""
    french = "{ var(txn.language) -m str fr }"
    return _lines([line % ("fr", where + french), line % ("en", where + "!" + french)])
