"""Commands and links: what values may never do to them."""

import shlex
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.addresses import (
    LONGEST,
    address_within,
    read_user_redirect,
    user_redirect,
)
from mydocker.domain.links import faults_of_link, port_of_link, read_link, render_link
from mydocker.domain.refusals import Refusal
from mydocker.domain.templates import (
    BadTemplate,
    Name,
    Values,
    Variable,
    faults_of_command,
    needs_password,
    render_command,
    render_variables,
    variables_of,
)

HOST = "abcdefghijklmnopqrst.mydocker-apps.localhost:8080"
VALUES = Values(
    "sleepy_curie", "p4ssW0rd", {8888: HOST, 6080: "b" * 20 + ".mydocker-apps.localhost:8080"}
)
ROOT = "https://{{HOST['8888']}}"

anything = st.text(max_size=30)
values = st.builds(Values, anything, anything, st.just(VALUES.hosts))
pieces = st.lists(
    st.sampled_from(
        ["a", " ", "  ", "\n", "'", '"', "\\", "$HOME", ";", "{{", "}}", "{{USERNAME}}",
         "{{ PASSWORD }}", "{{HOST['8888']}}", "\0", "é"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


def test_a_command_as_teachers_write_it() -> None:
    command = (
        'jupyter lab --no-browser --ip="0.0.0.0" --IdentityProvider.token={{PASSWORD}} \\\n'
        "  --ServerApp.allow_origin=https://{{HOST['8888']}} 'two words' it\\'s {{ USERNAME }}"
    )
    assert not list(faults_of_command(command))
    assert render_command(command, VALUES) == (
        "jupyter", "lab", "--no-browser", "--ip=0.0.0.0", "--IdentityProvider.token=p4ssW0rd",
        f"--ServerApp.allow_origin=https://{HOST}", "two words", "it's", "sleepy_curie",
    )  # fmt: skip


def test_nothing_is_expanded() -> None:
    command = "echo $HOME `id` $(id) ~ *.txt a;b && c > d # e"
    assert render_command(command, VALUES) == tuple(command.split())


def test_two_braces_around_something_else_are_left_alone() -> None:
    command = "awk '{{print $1}}' {{ .Name }} {{}}"
    assert render_command(command, VALUES) == ("awk", "{{print $1}}", "{{", ".Name", "}}", "{{}}")


@given(pieces, values)
def test_a_value_never_makes_or_takes_a_word(command: str, values: Values) -> None:
    plain = Values("x", "x", {8888: "x"})
    try:
        expected = len(render_command(command, plain))
    except BadTemplate:
        with pytest.raises(BadTemplate):
            render_command(command, values)
    else:
        assert len(render_command(command, values)) == expected


@given(anything.filter(lambda text: "{{" not in text and "\0" not in text))
def test_a_command_without_variables_is_cut_as_a_shell_cuts_it(command: str) -> None:
    try:
        expected = shlex.split(command.replace("\\\n", "") if "\\\\" not in command else command)
    except ValueError:
        return
    if "\\\\" not in command and "\\\r\n" not in command:
        assert list(render_command(command, VALUES)) == expected


@given(anything, anything)
def test_a_value_stands_in_its_word_as_it_is(username: str, password: str) -> None:
    values = Values(username, password, {})
    words = render_command("a '{{USERNAME}}' --p={{PASSWORD}}{{USERNAME}}", values)
    assert words == ("a", username, f"--p={password}{username}")


def test_variables_are_rendered_and_credentials_always_there() -> None:
    rendered = render_variables({"TOKEN": "{{PASSWORD}}", "X": "a b"}, VALUES)
    assert rendered == {
        "TOKEN": "p4ssW0rd", "X": "a b",
        "MYDOCKER_USERNAME": "sleepy_curie", "MYDOCKER_PASSWORD": "p4ssW0rd",
    }  # fmt: skip


def test_variables_are_named_in_order() -> None:
    text = "{{PORT['1']}} {{HOST[\"22\"]}} {{HOST[8888]}} {{IP}} {{USER_REDIRECT}}"
    assert variables_of(text) == (
        Variable(Name.PORT, 1), Variable(Name.HOST, 22), Variable(Name.HOST, 8888),
        Variable(Name.IP), Variable(Name.USER_REDIRECT),
    )  # fmt: skip
    assert needs_password("x{{ PASSWORD }}") and not needs_password(text)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("{{USERNAM}}", "{{USERNAME}}"),
        ("{{password}}", "{{PASSWORD}}"),
        ("{{HOST}}", "{{HOST['8888']}}"),
        ("{{HOST['x']}}", "{{HOST['8888']}}"),
        ("{{HOST['0']}}", "{{HOST['8888']}}"),
        ("{{HOST['65536']}}", "{{HOST['8888']}}"),
        ("{{HOST[’8888’]}}", "{{HOST['8888']}}"),
        ("{{PORTS['1']}}", "{{PORT['8888']}}"),
        ("{{USER-REDIRECT}}", "{{USER"),
        ("{{COURSE}}", "{{USERNAME}}, {{PASSWORD}}"),
    ],
)
def test_an_unknown_variable_is_told_with_its_neighbour(text: str, near: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        variables_of(text)
    assert near in caught.value.fault.hint % caught.value.fault.facts
    assert list(faults_of_command(text)) and list(faults_of_link(ROOT + "/" + text))


@pytest.mark.parametrize(
    ("link", "redirect", "address"),
    [
        (ROOT, "", f"http://{HOST}"),
        (ROOT + "/lab", "git-pull?repo=x", f"http://{HOST}/lab"),
        (ROOT + "/lab{{USER_REDIRECT}}", "", f"http://{HOST}/lab"),
        (ROOT + "/lab{{USER_REDIRECT}}", "lab/tree/a.ipynb", f"http://{HOST}/lab/tree/a.ipynb"),
        (ROOT + "/lab{{USER_REDIRECT}}", "?reset", f"http://{HOST}/lab?reset"),
        (ROOT + "/{{USER_REDIRECT}}", "", f"http://{HOST}/"),
        (ROOT + "/{{USER_REDIRECT}}", "git-pull?repo=x", f"http://{HOST}/git-pull?repo=x"),
        (ROOT + "/a/b{{USER_REDIRECT}}", "c", f"http://{HOST}/a/c"),
        (ROOT + "/a/b/{{USER_REDIRECT}}", "c", f"http://{HOST}/a/b/c"),
        (ROOT + "{{USER_REDIRECT}}", "c", f"http://{HOST}/c"),
        (ROOT + "/{{USER_REDIRECT}}?token={{PASSWORD}}", "", f"http://{HOST}/?token=p4ssW0rd"),
        (ROOT + "/{{USER_REDIRECT}}?token={{PASSWORD}}", "c?d=e", f"http://{HOST}/c?d=e&token=p4ssW0rd"),
        (ROOT + "/?next={{USER_REDIRECT}}#x", "c?d=e&f", f"http://{HOST}/?next=c%3Fd%3De%26f#x"),
        (ROOT + "/vnc?host={{HOST['6080']}}", "", f"http://{HOST}/vnc?host={VALUES.hosts[6080]}"),
        ("http://{{IP}}:{{PORT['8888']}}/é x", "", f"http://{HOST}/%C3%A9%20x"),
        ("HTTPS://{{USERNAME}}:{{ PASSWORD }}@{{HOST[8888]}}/", "", f"http://sleepy_curie:p4ssW0rd@{HOST}/"),
        ("https://docs.example.org/é?a=b", "c", "https://docs.example.org/%C3%A9?a=b"),
    ],
)  # fmt: skip
def test_links_are_rendered(link: str, redirect: str, address: str) -> None:
    assert render_link(link, "http", VALUES, redirect) == address
    assert not list(faults_of_link(link)) or " x" in link


def test_what_links_of_nbgitpuller_ask_for_arrives_as_it_was() -> None:
    query = "repo=https%3A%2F%2Fgit.example.org%2Fa%2Fcours&urlpath=lab%2Ftree%2Fcours%2FTP+1.ipynb"
    redirect = user_redirect("git-pull", query)
    address = render_link(ROOT + "/lab{{USER_REDIRECT}}", "https", VALUES, redirect)
    assert address == f"https://{HOST}/git-pull?{query}"


@pytest.mark.parametrize(
    "link",
    [
        "https://{{HOST['8888']}}.evil.example/",
        "https://{{HOST['8888']}}:80/",
        "https://{{HOST['8888']}}@evil.example/",
        "https://evil.example/?{{PASSWORD}}",
        "https://evil.example/{{HOST['8888']}}",
        "https://evil.example#@{{HOST['8888']}}/",
        "https://{{IP}}/",
        "https://{{IP}}:8888/",
        "https://{{USER_REDIRECT}}/",
        "javascript:alert(1)//{{HOST['8888']}}",
        "javascript:alert(1)",
        "//evil.example/",
        "https:///x",
        "https://me:secret@example.org/",
        "https://example.org:x/",
        "https://example.org:0/",
        "https://[::1/",
        "https://exämple.org/",
        "lab",
        ROOT + "/a b",
        ROOT + "/a\\b",
        ROOT + "/\r\nSet-Cookie: x",
        ROOT + "/\u00a0",
        ROOT + "/{{IP}}",
        ROOT + "/{{USER_REDIRECT}}/{{USER_REDIRECT}}",
    ],
)
def test_links_that_mean_something_else_are_faulty(link: str) -> None:
    assert list(faults_of_link(link))


@pytest.mark.parametrize(
    "link", ["https://{{HOST['8888']}}.evil.example/", "https://{{HOST['1']}}/"]
)
def test_what_was_never_checked_is_not_rendered(link: str) -> None:
    with pytest.raises(BadTemplate):
        render_link(link, "https", VALUES)


def test_a_link_knows_its_port() -> None:
    assert port_of_link(ROOT + "/lab") == 8888
    assert port_of_link("https://example.org/") is None
    old = read_link("http://{{IP}}:{{PORT['8888']}}/a")
    assert old is not None and old.old and old.rest == "/a"


hostile = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ["/", "//", "\\", "..", ".", "@", ":", "evil.example", "https:", "javascript:", "\r\n",
             "?", "#", "%2e%2e", "%2f", "%5c", "{{PASSWORD}}", "{{HOST['6080']}}", "\t", " ", "é",
             "&", "="]
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip
RESTS = (
    *("", "/", "/lab{{USER_REDIRECT}}", "/{{USER_REDIRECT}}", "{{USER_REDIRECT}}"),
    *("/a/{{USER_REDIRECT}}/b", "/{{USER_REDIRECT}}?a=b#c", "/?next={{USER_REDIRECT}}"),
    "/#{{USER_REDIRECT}}",
)
LINKS = st.sampled_from([ROOT + rest for rest in RESTS])


@given(LINKS, hostile, hostile)
def test_no_redirect_leads_off_the_runs_host(link: str, path: str, query: str) -> None:
    try:
        redirect = user_redirect(path, query)
    except Refusal:
        return
    address = render_link(link, "https", VALUES, redirect)
    # A browser reads `\` as `/`, drops tabs and line ends, and ends the host at `/`, `?` or `#`.
    assert (
        address.isascii() and address.isprintable() and "\\" not in address and " " not in address
    )
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc) == ("https", HOST)
    assert not parts.path.startswith("//")
    assert ".." not in unquote(parts.path).split("/")
    assert VALUES.password not in address and VALUES.hosts[6080] not in address


@given(hostile, hostile)
def test_a_canonical_redirect_stays_the_same(path: str, query: str) -> None:
    try:
        redirect = user_redirect(path, query)
    except Refusal:
        return
    assert read_user_redirect(redirect) == redirect
    assert not redirect.startswith("/") and redirect.isascii()


@given(st.text(max_size=60))
def test_any_redirect_is_taken_or_refused(address: str) -> None:
    with suppress(Refusal):
        assert read_user_redirect(read_user_redirect(address)) == read_user_redirect(address)


@given(
    st.lists(
        st.tuples(
            st.text("azé &=?#%+/", min_size=1, max_size=5), st.text("azé &=?#%+/", max_size=5)
        ),
        max_size=3,
    )
)
def test_a_redirects_own_query_is_kept(pairs: list[tuple[str, str]]) -> None:
    redirect = user_redirect("git-pull", urlencode(pairs))
    address = render_link(ROOT + "/{{USER_REDIRECT}}", "https", VALUES, redirect)
    assert parse_qsl(urlsplit(address).query, keep_blank_values=True) == pairs


@pytest.mark.parametrize(
    "path", ["a/../b", "..", "a\\b", "a\nb", "a\x7f", "x" * (LONGEST + 1), "%\ud800"]
)
def test_a_redirect_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        user_redirect(path, "")
    assert caught.value.code == "bad_redirect"


def test_a_redirect_is_brought_into_its_plain_form() -> None:
    assert user_redirect("//a/./b//c/", "d=é f#g") == "a/b/c/?d=%C3%A9%20f%23g"
    assert user_redirect("", "") == user_redirect("///", "") == ""
    assert read_user_redirect("%2F%2Fevil.example") == "evil.example"
    with pytest.raises(Refusal):
        read_user_redirect("%ff")


@given(st.text(max_size=40))
def test_no_target_leads_off_its_host(target: str) -> None:
    try:
        address = address_within("https", HOST, target)
    except Refusal:
        assert (
            not target.startswith("/")
            or not target.isascii()
            or not target.isprintable()
            or set(target) & set("\\# ")
        )
    else:
        assert urlsplit(address).netloc == HOST and address.endswith(target)
