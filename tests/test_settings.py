"""What an operator may set, and what the service refuses to start with."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from mydocker.settings import BadSettings, Mode, Settings, load, secret_of, site_of

SECRET = "s" * 40
SOUND = {
    "MYDOCKER_MODE": "production",
    "MYDOCKER_URL": "https://mydocker.example.org",
    "MYDOCKER_APPS_DOMAIN": "example-apps.org",
    "MYDOCKER_SECRET_KEY": SECRET,
    "MYDOCKER_DEMO": "no",
}


def made(tmp_path: Path, **changes: str) -> Settings:
    """Settings of a sound production with some changed."""
    names = {f"MYDOCKER_{name.upper()}": value for name, value in changes.items()}
    return load({**SOUND, "MYDOCKER_DATA": str(tmp_path), **names})


def test_what_nobody_set_is_one_s_own_machine(tmp_path: Path) -> None:
    settings = load({"MYDOCKER_DATA": str(tmp_path)})
    assert settings.mode is Mode.DEVELOPMENT and settings.demo
    assert settings.url == "http://mydocker.localhost:8080"
    assert settings.apps_netloc == "mydocker-apps.localhost:8080"


def test_a_sound_production(tmp_path: Path) -> None:
    settings = made(tmp_path)
    assert (settings.scheme, settings.host, settings.port) == ("https", "mydocker.example.org", 443)
    assert settings.apps_netloc == "example-apps.org"
    assert secret_of(settings) == SECRET


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"demo": "yes"}, "MYDOCKER_DEMO"),
        ({"debug": "yes"}, "MYDOCKER_DEBUG"),
        ({"url": "http://mydocker.example.org"}, "https"),
        ({"secret_key": ""}, "MYDOCKER_SECRET_KEY"),
        ({"mode": "development"}, "localhost"),
        ({"mode": "prod"}, "MYDOCKER_MODE"),
        ({"url": "mydocker.example.org"}, "MYDOCKER_URL"),
        ({"url": "https://mydocker.example.org/x"}, "MYDOCKER_URL"),
        ({"url": "https://192.0.2.1"}, "MYDOCKER_URL"),
        ({"language": "de"}, "MYDOCKER_LANGUAGE"),
        ({"login_lifetime": "long"}, "MYDOCKER_LOGIN_LIFETIME"),
        ({"concurrent_starts": "0"}, "MYDOCKER_CONCURRENT_STARTS"),
        ({"freeze_swap": "disk"}, "MYDOCKER_FREEZE_SWAP"),
        ({"freeze_swap_bytes": "-1"}, "MYDOCKER_FREEZE_SWAP_BYTES"),
        ({"freeze_swap_bytes": "4G"}, "MYDOCKER_FREEZE_SWAP_BYTES"),
        ({"data": "/srv/" + "d" * 80}, "MYDOCKER_DATA"),
    ],
)
def test_what_cannot_work_is_refused_and_named(
    tmp_path: Path, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSettings, match=named):
        made(tmp_path, **changes)


@pytest.mark.parametrize(
    "domain",
    ["mydocker.example.org", "apps.example.org", "apps.mydocker.example.org", "example.org"],
)
def test_containers_never_live_on_the_dashboards_site(tmp_path: Path, domain: str) -> None:
    """Invariant 4: a page there could plant cookies on the dashboard."""
    with pytest.raises(BadSettings, match="same site"):
        made(tmp_path, apps_domain=domain)


@pytest.mark.parametrize("domain", ["Apps.example.com", "apps", "a_b.example.com", "x y.com", ".."])
def test_a_domain_is_a_host_name(tmp_path: Path, domain: str) -> None:
    with pytest.raises(BadSettings, match="MYDOCKER_APPS_DOMAIN"):
        made(tmp_path, apps_domain=domain)


def test_localhost_and_its_neighbour_are_two_sites() -> None:
    assert site_of("mydocker.localhost") != site_of("mydocker-apps.localhost")
    assert site_of("a.b.example.org") == site_of("example.org.")


def test_a_file_says_the_same_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "mydocker.toml"
    file.write_text(
        'login_lifetime = "8h"\nnetwork_allow = ["10.1.2.3:443/tcp"]\nlanguage = "en"\n'
    )
    settings = made(tmp_path, settings=str(file), language="fr")
    assert settings.login_lifetime.total_seconds() == 8 * 3600
    assert settings.network_allow == ("10.1.2.3:443/tcp",)
    assert settings.language == "fr"


@pytest.mark.parametrize("text", ["urk = 1\n", "not toml", 'login_lifetime = "soon"\n'])
def test_a_file_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mydocker.toml"
    file.write_text(text)
    with pytest.raises(BadSettings):
        made(tmp_path, settings=str(file))


def test_a_secret_is_made_once_and_for_nobody_else_to_read(tmp_path: Path) -> None:
    settings = load({"MYDOCKER_DATA": str(tmp_path)})
    first = secret_of(settings)
    assert secret_of(settings) == first and len(first) >= 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    unset: dict[str, Any] = {**SOUND, "MYDOCKER_DATA": str(tmp_path), "MYDOCKER_SECRET_KEY": ""}
    assert secret_of(load(unset)) == first


def test_processes_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    # `up --detach` and the service that it starts both ask for it within a millisecond.
    def asked_at_once(folder: Path) -> set[str]:
        settings, ready = load({"MYDOCKER_DATA": str(folder)}), Barrier(8)

        def ask() -> str:
            ready.wait()
            return secret_of(settings)

        asking = [threads.submit(ask) for _ in range(8)]
        return {each.result() for each in asking}

    with ThreadPoolExecutor(8) as threads:
        for number in range(100):
            found = asked_at_once(tmp_path / str(number))
            assert len(found) == 1 and len(found.pop()) >= 32
    left = {path.name for path in tmp_path.glob("*/*")}
    assert left == {"secret.key"}


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch()
    with pytest.raises(BadSettings, match="is empty"):
        secret_of(load({"MYDOCKER_DATA": str(tmp_path)}))
