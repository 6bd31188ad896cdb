"""A link made for nbgitpuller brings a course from a Git server into the student's home."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import DEADLINE_MS, page_of
from tests.service import Service, free_port, running, wait_for
from tests.story import lab
from tests.story.signing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.engine]
LESSON = {
    "cells": [{
        "cell_type": "markdown", "id": "hello", "metadata": {},
        "source": "# Les suites récurrentes",
    }],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


@dataclass
class GitServer:
    """A course on a Git server of this machine, at an address that containers may reach."""

    address: str
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where the course is cloned from."""
        return f"git://{self.address}:{self.port}/suites"

    @contextmanager
    def serving(self) -> Iterator["GitServer"]:
        """Answer, until left."""
        daemon = subprocess.Popen(
            ["git", "daemon", "--export-all", f"--base-path={self.folder}",
             f"--listen={self.address}", f"--port={self.port}"]
        )  # fmt: skip
        try:
            wait_for(self._answers, "the Git server answers")
            yield self
        finally:
            daemon.terminate()
            daemon.wait(10)

    def _answers(self) -> bool:
        asked = ["git", "ls-remote", self.url]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def commit(self, name: str, text: str) -> None:
        """Put a file into the course."""
        course = self.folder / "suites"
        if not course.exists():
            _git("init", "--quiet", "--initial-branch=main", str(course))
        (course / name).write_text(text)
        _git("-C", str(course), "add", ".")
        _git("-C", str(course), "-c", "user.name=Anne", "-c", "user.email=anne@example.org",
             "commit", "--quiet", "--message", f"{name}")  # fmt: skip


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A Git server with one lesson."""
    told = subprocess.run(
        ["ip", "-4", "-j", "address", "show", "docker0"], check=True, capture_output=True
    )
    address = json.loads(told.stdout)[0]["addr_info"][0]["local"]
    server = GitServer(address, free_port(), tmp_path_factory.mktemp("courses"))
    server.commit("lecon.ipynb", json.dumps(LESSON))
    with server.serving():
        yield server


@pytest.fixture(scope="module")
def service(server: GitServer) -> Iterator[Service]:
    """A service whose containers may reach that server."""
    with running(MYDOCKER_NETWORK_ALLOW=f"{server.address}:{server.port}/tcp") as service:
        yield service


def test_a_link_pulls_the_course_and_opens_its_lesson(
    service: Service, server: GitServer, browser: Browser
) -> None:
    link = (
        "/join/jupyterlab-python/hub/user-redirect/git-pull"
        f"?repo={quote(server.url, safe='')}&branch=main"
        f"&urlpath={quote('lab/tree/suites/lecon.ipynb', safe='')}"
    )
    page = page_of(browser)
    sign_in(page, service, link)  # and the link survives it, and the cold start
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    page.wait_for_url(re.compile(r"mydocker-apps\.localhost.*/git-pull"), timeout=DEADLINE_MS)
    page.wait_for_url(re.compile(r"/lab/tree/suites/lecon\.ipynb"), timeout=DEADLINE_MS)
    lab.wait_for_lab(page)
    lesson = page.locator(".jp-Notebook h1")
    expect(lesson).to_contain_text("Les suites récurrentes")

    # The teacher adds a lesson; the same link in a new tab brings it into the same home.
    server.commit("lecon2.ipynb", json.dumps(LESSON))
    again = page.context.new_page()
    again.goto(service.url + link)
    again.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    again.wait_for_url(re.compile(r"/lab/tree/suites/lecon\.ipynb"), timeout=DEADLINE_MS)
    lab.wait_for_lab(again)
    expect(again.locator(".jp-DirListing-item:has-text('lecon2.ipynb')")).to_be_visible()
