"""What an operator does: up, down, up again, doctor, backup, restore, two side by side."""

import json
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.service import TINY, Api, Service

pytestmark = pytest.mark.engine
QUICK_SECONDS = 10.0


@pytest.fixture(scope="module")
def camille(service: Service) -> Api:
    """A student."""
    return service.person()


def test_ready_answers_once_the_first_environment_can_start(service: Service) -> None:
    answer = httpx.get(f"http://127.0.0.1:{service.port}/readyz", headers={"Host": service.host})
    assert answer.status_code == 200
    facts = json.loads(service.cli("status", "--json"))
    assert facts["ready"] is True
    assert {"agent", "gateway", "loops", "streams", "web"} <= set(facts["processes"])


def test_the_doctor_finds_nothing(service: Service) -> None:
    said = service.cli("doctor")
    assert "FAIL" not in said


def test_a_second_up_is_refused_with_the_way_out(service: Service) -> None:
    with pytest.raises(AssertionError, match="already runs"):
        service.cli("up", "--detach")


def test_people_and_tokens(service: Service) -> None:
    first = service.cli("user", "add", "zoe@example.org", "--role", "teacher")
    again = service.cli(
        "user", "add", "zoe@example.org", "--role", "teacher", "--password-stdin",
        stdin="correct horse battery\n",
    )  # fmt: skip
    assert first == again
    token = service.cli("token", "create", "zoe@example.org", "--scope", "workspaces:read")
    with Api(service, token).client() as client:
        refused = client.post("/api/v1/workspaces", json={"environment": "tiny"})
    assert refused.status_code == 403
    with pytest.raises(AssertionError, match="Nobody has the mail"):
        service.cli("token", "create", "nobody@example.org")


def test_whoever_waits_for_a_start_that_fails_is_told_why(service: Service, camille: Api) -> None:
    broken = TINY.replace("slug: tiny", "slug: broken").replace(
        "join_code: tiny", "command: nonsense"
    )
    service.cli("environment", "apply", "-", stdin=broken)
    with pytest.raises(AssertionError, match="exec nonsense failed"):
        service.cli("workspace", "start", "broken", "--user", "camille@example.org", "--wait")


def test_definitions_go_out_and_come_back_unchanged(service: Service) -> None:
    written = service.cli("environment", "export", "tiny")
    assert "unchanged" in service.cli("environment", "apply", "-", stdin=written)
    with pytest.raises(AssertionError, match=r"-:5: .*"):
        service.cli(
            "environment", "apply", "-",
            stdin="title: X\nimage: mydocker/tiny\nports:\n- number: 80\n- number: eighty\n",
        )  # fmt: skip


def test_workspaces_outlive_the_service_and_are_adopted(service: Service, camille: Api) -> None:
    workspace = camille.start()
    camille.until(workspace, "ready")
    before = service.containers()
    service.stop()
    assert service.containers() == before
    began = time.monotonic()
    service.start()
    took = time.monotonic() - began
    assert took < QUICK_SECONDS, f"{took:.1f} s"
    assert camille.call("GET", f"/workspaces/{workspace}")["state"] == "ready"
    assert service.containers() == before
    assert open_through_gateway(camille, workspace) == 200
    camille.call("POST", f"/workspaces/{workspace}/stop")
    camille.until(workspace, "stopped")
    assert not service.containers()


def open_through_gateway(person: Api, workspace: str) -> int:
    """Follow a ticket into the workspace; the last status."""
    url = httpx.URL(person.call("POST", f"/workspaces/{workspace}/ticket", json={})["url"])
    base = f"http://127.0.0.1:{person.service.port}"
    host = {"Host": f"{url.host}:{url.port}"}
    entered = httpx.get(base + url.raw_path.decode(), headers=host)
    assert entered.status_code == 303, entered.text
    cookie = entered.headers["set-cookie"].partition(";")[0]
    path = entered.headers["location"]
    return httpx.get(base + path, headers={**host, "Cookie": cookie}).status_code


def test_a_backup_is_restored_into_an_empty_folder(
    service: Service, camille: Api, tmp_path: Path
) -> None:
    archive = tmp_path / "backup.tar.gz"
    written = tmp_path / "mydocker.toml"
    written.write_text('institution = "Université de Test"\n')
    with_file = replace(service, settings={**service.settings, "MYDOCKER_SETTINGS": str(written)})
    said = with_file.cli("backup", str(archive))
    assert "homes are named in it" in said
    assert archive.stat().st_mode & 0o777 == 0o600
    other = Service()
    try:
        assert "settings.toml" in other.cli("restore", str(archive))
        assert (other.data / "settings.toml").read_bytes() == written.read_bytes()
        with pytest.raises(AssertionError, match="holds a database already"):
            other.cli("restore", str(archive))
        other.start()
        known = Api(other, camille.token)
        assert known.call("GET", "/workspaces")["items"]
        workspace = known.start()
        known.until(workspace, "ready")
        # Two installations on one engine do not touch each other.
        assert not set(service.containers()) & set(other.containers())
        known.call("POST", f"/workspaces/{workspace}/stop")
        known.until(workspace, "stopped")
    finally:
        other.remove()


def test_first_environments_that_cannot_be_defined_are_told_with_their_lines(
    tmp_path: Path,
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "environment.yaml").write_text(
        "slug: ours\nimage: mydocker/tiny\nhome: x\n"
    )
    for folder, told in ((tmp_path, r"environment\.yaml:3: home"), (tmp_path / "no", "no folder")):
        other = Service(settings={"MYDOCKER_CATALOGUE": str(folder)})
        try:
            with pytest.raises(AssertionError, match=told):
                other.start()
        finally:
            other.remove()
