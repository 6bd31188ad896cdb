"""What an installation may decide, and what cannot get into the configuration."""

import pwd
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mydocker.adapters.haproxy import GatewayConfig, maxconn_within, render, write_configuration


def config(at: Path, **settings: Any) -> GatewayConfig:
    usual: dict[str, Any] = {
        "folder": at, "socket": at / "run" / "admin.sock", "bind": ("127.0.0.1", "::1"),
        "port": 8080, "scheme": "http", "dashboard_host": "mydocker.localhost",
        "apps_domain": "mydocker-apps.localhost", "url": "http://mydocker.localhost:8080",
        "web": Path("/run/web.sock"), "streams": "127.0.0.1:9000",
        "bell": Path("/run/bell.sock"),
    }  # fmt: skip
    return GatewayConfig(**usual | settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bind": ("0.0.0.0", "::"), "user": "root", "socket_user": "root"},
        {"log": "fd@1", "log_all": True, "language": "fr", "threads": 2, "maxconn": 100},
        {"log": "127.0.0.1:514", "support": 'https://help.example/?a=%20&b="x"'},
        {"scheme": "https", "url": "https://mydocker.example/", "port": 443},
    ],
)
def test_haproxy_accepts_it_without_a_warning(tmp_path: Path, settings: dict[str, Any]) -> None:
    file = write_configuration(config(tmp_path, **settings))
    write_configuration(config(tmp_path, **settings))
    checked = subprocess.run(
        ["haproxy", "-c", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scheme", "ftp"), ("scheme", "http\n"), ("language", "de"), ("dashboard_host", "a b"),
        ("dashboard_host", "a\nb"), ("dashboard_host", "A.example"), ("dashboard_host", ""),
        ("apps_domain", "a/b"), ("apps_domain", "a.example:80"), ("url", "javascript:x"),
        ("url", 'http://x"'), ("folder", Path("/tmp/a b")), ("folder", Path('/tmp/a"b')),
        ("folder", Path("relative")), ("socket", Path("/tmp/a\nb")), ("bind", ("localhost",)),
        ("bind", ("0.0.0.0:80",)), ("web", "localhost:80"), ("web", Path("run/web.sock")),
        ("streams", "127.0.0.1"), ("user", "a b"), ("socket_user", "a\n"), ("log", "stdout x"),
        ("certificate", "/a b"), ("bell", Path("/run/a b")), ("bell", Path("bell.sock")),
    ],
)  # fmt: skip
def test_what_could_become_another_line_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match="the gateway's"):
        config(Path("/tmp/x"), **{name: value})


def test_never_more_connections_than_files() -> None:
    assert maxconn_within(20_000) == 9_000
    assert maxconn_within(1_024) == 460
    assert maxconn_within(1 << 20) == 20_000
    assert maxconn_within(10) == 50


def test_the_maps_are_kept(tmp_path: Path) -> None:
    write_configuration(config(tmp_path))
    (tmp_path / "maps" / "routes.map").write_text("kept\n")
    write_configuration(config(tmp_path))
    assert (tmp_path / "maps" / "routes.map").read_text() == "kept\n"
    assert (tmp_path / "maps" / "routes.map").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "maps").stat().st_mode & 0o777 == 0o700


def test_the_maps_belong_to_who_speaks_on_the_socket(tmp_path: Path) -> None:
    file = write_configuration(config(tmp_path, user="nobody", socket_user="nobody"))
    nobody = pwd.getpwnam("nobody").pw_uid
    owners = {path.name: path.stat().st_uid for path in (tmp_path / "maps").iterdir()}
    assert owners == dict.fromkeys(
        ["routes.map", "routes.lock", "grants.acl", "grants.lock", "asleep.map", "asleep.lock"],
        nobody,
    )
    assert file.stat().st_uid == 0


def test_no_place_is_left_empty() -> None:
    assert "@{" not in render(config(Path("/tmp/x")))
