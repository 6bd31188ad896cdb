"""How the gateway says no: people are led to the dashboard, programs get an error they can read."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mydocker.adapters.haproxy import pages
from mydocker.adapters.haproxy.refusals import REFERENCE, REFUSALS, Refused
from tests.adapters.haproxy.gate import Gate, host
from tests.adapters.haproxy.wire import UPGRADE, Headers

asyncio = pytest.mark.asyncio

FOLDER = Path(pages.__file__).with_name("pages")
PAGES = sorted({path.stem for path in FOLDER.glob("*.html")} - {"layout"})

NAVIGATIONS: list[Headers] = [
    [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "none")],
    [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"),
     ("Sec-Fetch-Site", "cross-site")],
    [("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")],
]  # fmt: skip
OTHERS: list[Headers] = [
    [],
    [("Accept", "*/*")],
    [("Accept", "application/json")],
    [("Accept", "text/html"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
    [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
    [("Sec-Fetch-Mode", "websocket"), *UPGRADE],
]


@asyncio
@pytest.mark.parametrize("headers", NAVIGATIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("ended", [False, True])
async def test_a_person_is_led_to_the_dashboard_and_back(
    gate: Gate, headers: Headers, method: str, ended: bool
) -> None:
    if not ended:
        await gate.gateway.put_routes([gate.route()])
    target = "/lab/tree/a%20b.ipynb?x=1&to=/evil&y=%26%23+plus"
    answer = await gate.ask(host(), *headers, target=target, method=method)
    assert answer.status == 303
    location = urlsplit(answer.one("location"))
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{gate.config.url}/go"
    assert parse_qs(location.query) == {"host": [host()], "to": [target]}
    assert answer.one("cache-control") == "no-store"
    assert answer.all("clear-site-data") == (['"storage"'] if ended else [])


@asyncio
@pytest.mark.parametrize("headers", OTHERS)
async def test_a_program_gets_an_error_it_can_read(gate: Gate, headers: Headers) -> None:
    gone = await gate.ask(host(), *headers)
    assert (gone.status, gone.json["code"]) == (410, "run_ended")
    assert gone.one("clear-site-data") == '"storage"'
    await gate.gateway.put_routes([gate.route()])
    closed = await gate.ask(host(), *headers)
    assert (closed.status, closed.json["code"]) == (401, "no_grant")
    for answer in (gone, closed):
        assert answer.json.keys() == {"code", "message", "hint", "reference"}
        assert answer.one("content-type") == "application/json"
        assert answer.one("cache-control") == "no-store"


@asyncio
async def test_a_form_is_not_sent_elsewhere(gate: Gate) -> None:
    navigation = NAVIGATIONS[0]
    assert (await gate.ask(host(), *navigation, method="POST", body=b"a=1")).status == 410


@asyncio
async def test_it_speaks_the_readers_language(gate: Gate) -> None:
    french = await gate.ask(host(), ("Accept-Language", "fr-CH, fr;q=0.9, en;q=0.8"))
    english = await gate.ask(host(), ("Accept-Language", "de, en;q=0.5"))
    neither = await gate.ask(host(), ("Accept-Language", "de"))
    assert french.json["message"] == "L’espace à cette adresse est arrêté."
    assert english.json["message"] == neither.json["message"]
    assert english.json["message"] == "The workspace at this address has stopped."


@asyncio
async def test_an_endless_address_is_forgotten_on_the_way(gate: Gate) -> None:
    answer = await gate.ask(host(), *NAVIGATIONS[0], target="/" + "%20" * 3_000)
    assert answer.status == 303
    assert parse_qs(urlsplit(answer.one("location")).query)["to"] == ["/"]


@asyncio
async def test_a_reference_is_in_the_log(gate: Gate) -> None:
    answer = await gate.ask(host())
    await _logged(gate, answer.json["reference"])


async def _logged(gate: Gate, text: str) -> None:
    from tests.adapters.haproxy.gate import eventually

    async def is_there() -> bool:
        return text in gate.logged()

    await eventually(is_there)


@asyncio
async def test_the_log_is_json_and_tells_no_secret(gate: Gate) -> None:
    await gate.ask(
        host(), ("Referer", "https://x/?referred=s3cret"), ("Authorization", "Bearer s3cret"),
        ("User-Agent", 's3cret"\\'), target='/a"b\\c?ticket=s3cret', cookie="x=s3cret",
    )  # fmt: skip
    await _logged(gate, "gateway.request")
    line = next(one for one in gate.logged().splitlines() if "gateway.request" in one)
    told = json.loads(line)
    assert told["path"] == '/a"b\\c' and told["host"] == host() and told["status"] == 410
    assert told["action"] == "gateway.request" and told["at"].endswith("Z")
    assert "s3cret" not in gate.logged()


@asyncio
async def test_what_goes_well_is_not_logged(opened: Gate) -> None:
    await opened.ask(target="/fine")
    await opened.ask(host("z"), target="/noted")
    await _logged(opened, "/noted")
    assert "/fine" not in opened.logged()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_small_whole_and_in_both_languages(name: str) -> None:
    page = pages.compose(name, "https://dashboard.example", "help@example.org")
    assert len(page.encode()) < pages.MOST_BYTES
    assert page.count('<section lang="fr">') == page.count('<section lang="en">') == 1
    assert page.count("<h1>") == 2 and "@{" not in page
    for outside in ('src="http', "url(", "@import"):
        assert outside not in page


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: refused.code)
def test_every_refusal_says_what_and_what_to_do(refused: Refused) -> None:
    for language in ("en", "fr"):
        told = json.loads(refused.body(language).replace(REFERENCE, "r").replace("%%", "%"))
        assert all(told[key] for key in ("code", "message", "hint", "reference"))
