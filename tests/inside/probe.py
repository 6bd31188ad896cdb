"""What a person can see of a JupyterLab, as values that two of them can be compared by."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.inside.containers import PATIENCE_SECONDS, TOKEN, Place

HOST = "k3jh2g4kjh.mydocker-apps.localhost:8080"

FACTS = r"""
import os, sys, json, locale, resource, subprocess, site
def lines(path):
    try:
        return open(path).read().splitlines()
    except OSError as no:
        return [str(no)]
def said(*words):
    return subprocess.run(words, capture_output=True, text=True).stdout
def status(pid):
    wanted = "Uid Gid Groups Umask Seccomp NoNewPrivs CapEff SigBlk SigIgn SigCgt THP_enabled"
    found = dict(line.split(":", 1) for line in lines(f"/proc/{pid}/status"))
    return {name: found.get(name, "").split() for name in wanted.split()}
server = os.getppid()
try:
    import theirs
    word = theirs.word
except ImportError:
    word = None
print(json.dumps({
    "kernel environment": dict(os.environ),
    "kernel cwd": os.getcwd(),
    "kernel flags": str(sys.flags),
    "kernel path": sys.path,
    "kernel process": status("self"),
    "kernel language": [locale.getlocale(), locale.setlocale(locale.LC_ALL)],
    "kernel encoding": sys.getfilesystemencoding(),
    "kernel user site": [site.ENABLE_USER_SITE, site.USER_SITE, word],
    "kernel limits": [resource.getrlimit(i) for i in range(16)],
    "kernel descriptors": sorted(os.listdir("/proc/self/fd"), key=int)[:3],
    "kernel command": sys.argv[1:2],
    "git identity": said("git", "var", "GIT_AUTHOR_IDENT").rsplit(" ", 2)[0],
    "git configured": said("git", "config", "user.name"),
    "login shell": sorted(said("bash", "-lc", "env").splitlines()),
    "server process": status(server),
    "server cwd": os.readlink(f"/proc/{server}/cwd"),
    "server sees": sorted(os.listdir(f"/proc/{server}/cwd")),
    "server limits": lines(f"/proc/{server}/limits"),
    "server score": lines(f"/proc/{server}/oom_score_adj"),
    "server command": [word for word in open(f"/proc/{server}/cmdline").read().split("\0") if word],
    "server pid": server,
    "mounts of the home": sum("/home/jovyan" in line for line in lines("/proc/self/mountinfo")),
    "home is writable": os.access("/home/jovyan", os.W_OK),
}))
"""

SHELL = (
    "cd; { pwd; umask; env; git var GIT_AUTHOR_IDENT; tty >/dev/null && echo a terminal; }"
    " >terminal.part 2>&1; mv terminal.part terminal.txt\r"
)


class Probe:
    """Asks one server, under the name that a gateway would have."""

    def __init__(self, place: Place, session: aiohttp.ClientSession) -> None:
        self._url = f"http://{place.address}:8888"
        self._session = session
        self.seen: dict[str, Any] = {}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Status, the headers that a page may depend on, and the decoded answer."""
        async with self._session.request(
            method, self._url + path, json=body, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text(errors="replace")
            kept = {name: answer.headers.get(name) for name in ("Content-Type", "Location",
                    "X-Theirs", "Content-Security-Policy", "Server")}  # fmt: skip
            try:
                return answer.status, kept, json.loads(text)
            except ValueError:
                return answer.status, kept, text

    async def note(self, name: str, method: str, path: str, body: Any = None) -> Any:
        self.seen[name] = found = await self.ask(method, path, body)
        return found[2]

    async def run_cell(self, code: str, spec: str) -> str:
        """What a cell of a new kernel prints."""
        made = await self.ask("POST", "/api/kernels", {"name": spec})
        assert made[0] == 201, made
        url = f"{self._url}/api/kernels/{made[2]['id']}/channels"
        printed = ""
        async with self._session.ws_connect(url) as socket:
            await socket.send_json(execute_request(code))
            async for message in socket:
                told = json.loads(message.data)
                if told["msg_type"] == "stream":
                    printed += told["content"]["text"]
                elif told["msg_type"] == "error":
                    raise AssertionError(told["content"])
                elif told["msg_type"] == "execute_reply":
                    break
        assert (await self.ask("DELETE", f"/api/kernels/{made[2]['id']}"))[0] == 204
        return printed

    async def use_terminal(self) -> str:
        """What a new terminal says of itself, through a file of the home."""
        name = (await self.ask("POST", "/api/terminals"))[2]["name"]
        async with self._session.ws_connect(f"{self._url}/terminals/websocket/{name}") as socket:
            await socket.send_json(["stdin", SHELL])
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                status, _, found = await self.ask("GET", "/api/contents/terminal.txt")
                if status == 200:
                    return str(found["content"])
                assert time.monotonic() < deadline
                await asyncio.wait_for(socket.receive(), PATIENCE_SECONDS)


def execute_request(code: str) -> dict[str, Any]:
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "1", "username": "",
              "version": "5.3", "date": ""}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
               "allow_stdin": False, "stop_on_error": True}  # fmt: skip
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content,
            "channel": "shell", "buffers": []}  # fmt: skip


async def look_at(place: Place, notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, by name; what differs from one moment to the next is taken out."""
    headers = {"Host": HOST, "Authorization": f"token {TOKEN}", "Origin": f"http://{HOST}"}
    async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession(headers=headers) as session:
        probe = Probe(place, session)
        await look_at_pages(probe)
        await look_at_files(probe, notebook)
        await look_at_settings(probe)
        probe.seen["terminal"] = sorted((await probe.use_terminal()).splitlines())
        probe.seen |= json.loads(await probe.run_cell(FACTS, "python3"))
        await probe.note("status", "GET", "/api/status")
        found = {name: steady(value) for name, value in probe.seen.items()}
        found["files of the home"] = [what(path, place) for path in sorted(place.home.rglob("*"))]
        return found


def what(path: Any, place: Place) -> tuple[str, int, int, int]:
    stat = path.lstat()
    name = re.sub(r"jpserver-\d+", "jpserver-PID", str(path.relative_to(place.home)))
    return name, stat.st_mode, stat.st_uid, stat.st_gid


async def look_at_pages(probe: Probe) -> None:
    await probe.note("version", "GET", "/api")
    await probe.note("page", "GET", "/lab")
    await probe.note("page of a file", "GET", "/lab/tree/folder/notes.txt")
    await probe.note("no such page", "GET", "/nothing")
    await probe.note("specification", "GET", "/api/spec.yaml")
    await probe.note("git-pull", "GET", "/git-pull?repo=http://git.example/c.git&urlpath=lab")
    await probe.note("folder as archive", "GET", "/directories/nothing")
    await probe.note("language servers", "GET", "/lsp/status")
    await probe.note("permissions", "GET", '/api/me?permissions={"contents":["read"]}')
    probe.seen["door"] = await probe.ask("GET", "/lab", Authorization="token wrong")


async def look_at_files(probe: Probe, notebook: Mapping[str, Any]) -> None:
    await probe.note("first listing", "GET", "/api/contents")
    await probe.note("hidden file", "GET", "/api/contents/.hidden/secret.txt")
    await probe.note("old notebook", "GET", "/api/contents/%C3%A9t%C3%A9.ipynb")
    await probe.note("untitled", "POST", "/api/contents", {"type": "notebook"})
    saved = {"type": "notebook", "format": "json", "content": notebook}
    await probe.note("saved", "PUT", "/api/contents/new.ipynb", saved)
    await probe.note("trusted", "POST", "/api/contents/new.ipynb/trust")
    kept = await probe.note("checkpoint", "POST", "/api/contents/new.ipynb/checkpoints")
    path = f"/api/contents/new.ipynb/checkpoints/{kept['id']}"
    await probe.note("restored", "POST", path)
    await probe.note("checkpoints", "GET", "/api/contents/new.ipynb/checkpoints")
    await probe.note("as a script", "GET", "/nbconvert/script/new.ipynb")
    await probe.note("as a page", "GET", "/nbconvert/html/new.ipynb")
    await probe.note("formats", "GET", "/api/nbconvert")
    await probe.note("deleted", "DELETE", "/api/contents/Untitled.ipynb")
    await probe.note("last listing", "GET", "/api/contents")


async def look_at_settings(probe: Probe) -> None:
    themes = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
    await probe.note("kernelspecs", "GET", "/api/kernelspecs")
    await probe.note("all settings", "GET", "/lab/api/settings")
    await probe.note("their theme", "GET", themes)
    await probe.note("setting", "PUT", themes, {"raw": '{"theme": "JupyterLab Light"}'})
    await probe.note("set", "GET", themes)
    await probe.note("languages", "GET", "/lab/api/translations/")
    await probe.note("language", "GET", "/lab/api/translations/default")
    await probe.note("French", "GET", "/lab/api/translations/fr_FR")
    await probe.note("extensions", "GET", "/lab/api/extensions")
    workspace = {"data": {}, "metadata": {"id": "default"}}
    await probe.note("workspace", "PUT", "/lab/api/workspaces/default", workspace)
    await probe.note("workspaces", "GET", "/lab/api/workspaces")


MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?")
PASSING = {
    "HOSTNAME", "JPY_PARENT_PID", "JPY_SESSION_NAME", "hash", "hash_algorithm", "identity",
    "pid", "user",
}  # fmt: skip


def steady(value: Any) -> Any:
    """A value without times, ids and names that are drawn anew by each start."""
    match value:
        case dict():
            return {name: steady(one) for name, one in value.items() if name not in PASSING}
        case list() | tuple():
            return [steady(one) for one in value if not passing(one)]
        case str():
            text = re.sub(r"\d{10} \+0000", "MOMENT", MOMENTS.sub("MOMENT", value))
            text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "AN-ID", text)
            text = re.sub(r'(_xsrf|data-xsrf|nonce|id)="[^"]{16,}"', r"\1", text)
            return re.sub(r"(\"xsrf_?[a-z]*\": )\"[^\"]*\"", r"\1", text, flags=re.IGNORECASE)
    return value


def passing(value: Any) -> bool:
    return isinstance(value, str) and value.split("=")[0] in PASSING
