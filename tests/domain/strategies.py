"""Valid environments of all shapes, and trees of none."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from mydocker.domain.environments import (
    Access,
    Auth,
    ClassSession,
    Day,
    Environment,
    HomeKind,
    HomeMount,
    Interface,
    Lifetime,
    NetworkPolicy,
    Port,
    Protocol,
    Resources,
    ScheduleLine,
    SpareMode,
    Spares,
    Status,
    Text,
)
from mydocker.domain.local_times import begin_instant, end_instant, wall_time

# Everything that a text may hold, with what YAML, shells and templates stumble over more often.
LETTERS = st.characters(
    exclude_categories=("Cc", "Cs", "Zl", "Zp"),
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff",
)
TRAPS = st.sampled_from(
    ["no", "on", "null", "~", "1:30", "1_000", "0x1f", "010", "1e3", ".inf", "2024-01-01", "=",
     "- a", "a: b", "#", "&a", "*a", "!x", "'", '"', "{{", "}}", "%(x)s", "\\", "é", "œ", "🚀"]
)  # fmt: skip
words = st.one_of(st.text(LETTERS, max_size=20), TRAPS).map(str.strip)
some_words = words.filter(bool)
paragraphs = st.lists(words, max_size=4).map("\n".join).map(str.strip)
slugs = st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5}){0,3}", fullmatch=True).filter(
    lambda slug: slug != "new"
)
mails = st.from_regex(r"[a-z0-9.é'+-]{1,10}@[a-z0-9-]{1,8}(\.[a-z]{2,5}){0,2}", fullmatch=True)
images = st.from_regex(
    r"([a-z]{1,5}\.example(:[0-9]{2,4})?/)?[a-z0-9]{1,6}([._-][a-z0-9]{1,4})?(/[a-z]{1,4})?(:[a-z0-9][a-z0-9.]{0,5})?",
    fullmatch=True,
)
names = st.from_regex(r"[A-LN-Z_][A-Z0-9_]{0,6}", fullmatch=True)
values = words.filter(lambda word: "{{" not in word)
sizes = st.one_of(
    st.integers(16, 2**14).map(lambda number: number * 2**20), st.integers(2**24, 2**43)
)
durations = st.integers(10, 366 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def texts(draw: st.DrawFn, of: st.SearchStrategy[str] = some_words) -> Text:
    text = draw(of)
    other = draw(of) if draw(st.booleans()) else text
    return Text(text, other or text) if text else Text(other, other)


@st.composite
def lifetimes(draw: st.DrawFn) -> Lifetime:
    idle, absolute = draw(st.none() | durations), draw(st.none() | durations)
    shortest = min((limit for limit in (idle, absolute) if limit), default=timedelta(days=366))
    warning = draw(st.integers(0, int(shortest.total_seconds()) - 1))
    sleep = draw(st.none() | durations)
    return Lifetime(idle, absolute, timedelta(seconds=warning), sleep)


@st.composite
def declared_ports(draw: st.DrawFn) -> tuple[Port, ...]:
    numbers = draw(st.lists(st.integers(1, 65_535), unique=True, max_size=4))
    return tuple(draw(ports(number)) for number in numbers)


@st.composite
def ports(draw: st.DrawFn, number: int) -> Port:
    protocol = draw(st.sampled_from(Protocol))
    ready = draw(
        st.sampled_from([None, "", *(["/", "/api", "/a?b=1"] * (protocol is Protocol.HTTP))])
    )
    return Port(number, protocol, draw(words), ready)


@st.composite
def interfaces(draw: st.DrawFn, declared: tuple[Port, ...]) -> tuple[Interface, ...]:
    keys = draw(st.lists(slugs, unique=True, max_size=3))
    numbers = [port.number for port in declared if port.protocol is Protocol.HTTP]
    kept = draw(st.sampled_from([Auth.JUPYTER, Auth.BASIC]))
    auths = st.sampled_from([kept, Auth.LINK, Auth.NONE])
    return tuple(Interface(key, draw(texts()), draw(links(numbers)), draw(auths)) for key in keys)


@st.composite
def links(draw: st.DrawFn, numbers: list[int]) -> str:
    if not numbers or draw(st.booleans()):
        return draw(st.sampled_from(["https://docs.example.org/a?b=c#d", "http://127.0.0.1:80"]))
    number = draw(st.sampled_from(numbers))
    host = draw(
        st.sampled_from(
            [
                f"{{{{HOST['{number}']}}}}",
                f"{{{{IP}}}}:{{{{PORT['{number}']}}}}",
                f"{{{{ HOST[{number}] }}}}",
            ]
        )
    )
    rest = draw(
        st.sampled_from(
            ["", "/", "/lab{{USER_REDIRECT}}", "/{{USER_REDIRECT}}?token={{PASSWORD}}", "/é?a=b#c",
             "/?next={{USER_REDIRECT}}&u={{ USERNAME }}", "{{USER_REDIRECT}}", "/%41//b/../c"]
        )
    )  # fmt: skip
    return f"{draw(st.sampled_from(['http', 'https']))}://{host}{rest}"


zones = st.sampled_from(["Europe/Paris", "UTC", "America/New_York", "Pacific/Apia"])
moments = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@st.composite
def schedule_lines(draw: st.DrawFn) -> ScheduleLine:
    days = draw(st.sets(st.sampled_from(Day), min_size=1))
    first = draw(st.integers(0, 1_439))
    return ScheduleLine(
        days=tuple(day for day in Day if day in days),
        from_minutes=first,
        to_minutes=draw(st.integers(0, 1_440).filter(lambda minutes: minutes != first)),
        spares=draw(st.integers(1, 500)),
        zone=draw(zones),
    )


@st.composite
def class_sessions(draw: st.DrawFn) -> ClassSession:
    zone = draw(zones)
    # As read: times are written by a clock, and one that is shown twice has two meanings.
    start = begin_instant(wall_time(draw(moments), zone), zone)
    end = end_instant(wall_time(start, zone) + timedelta(minutes=draw(st.integers(1, 600))), zone)
    lead = timedelta(minutes=draw(st.integers(0, 120)))
    return ClassSession(
        start, max(end, start + timedelta(minutes=1)), draw(st.integers(1, 300)), lead, zone
    )


@st.composite
def some_spares(draw: st.DrawFn) -> Spares:
    return Spares(
        wanted=draw(st.integers(0, 500)),
        learnt=draw(st.booleans()),
        most=draw(st.integers(0, 500)),
        mode=draw(st.sampled_from(SpareMode)),
        schedule=tuple(draw(st.lists(schedule_lines(), unique=True, max_size=3))),
    )


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    declared = draw(declared_ports())
    web = [f"{{{{HOST['{port.number}']}}}}" for port in declared if port.protocol is Protocol.HTTP]
    pieces = st.sampled_from(
        ["run", "--x", "'a b'", '"c d"', "{{USERNAME}}", "{{PASSWORD}}", "\\\n", *web]
    )
    homes = draw(st.permutations([HomeKind.GLOBAL, HomeKind.ENVIRONMENT]))[
        : draw(st.integers(0, 2))
    ]
    return Environment(
        slug=draw(slugs),
        title=draw(texts()),
        image=draw(images),
        description=draw(texts(paragraphs)),
        status=draw(st.sampled_from(Status)),
        command=" ".join(draw(st.lists(pieces, max_size=6))).strip("\\\n "),
        variables=draw(st.dictionaries(names, values, max_size=3)),
        user=draw(st.none() | st.integers(0, 65_534)),
        sudo=draw(st.booleans()),
        ports=declared,
        interfaces=draw(interfaces(declared)),
        resources=Resources(
            draw(st.integers(10_000_000, 1_024 * 10**9)),
            draw(sizes), draw(st.integers(16, 100_000)), draw(sizes), draw(sizes),
        ),
        homes=tuple(
            HomeMount(kind, path)
            for kind, path in zip(homes, ("/home/jovyan", "/home/jovyan/mon cours"), strict=False)
        ),
        lifetime=draw(lifetimes()),
        spares=draw(some_spares()),
        sessions=tuple(draw(st.lists(class_sessions(), unique=True, max_size=2))),
        network=draw(st.sampled_from(NetworkPolicy)),
        maintainers=tuple(draw(st.lists(mails, unique=True, max_size=3))),
        courses=tuple(draw(st.lists(some_words, unique=True, max_size=3))),
        tags=tuple(draw(st.lists(some_words, unique=True, max_size=3))),
        software=tuple(draw(st.lists(some_words, unique=True, max_size=3))),
        join_code=draw(st.none() | st.from_regex(r"[A-Za-z0-9_-]{4,12}", fullmatch=True)),
        access=draw(st.sampled_from(Access)),
        people=tuple(draw(st.lists(mails, unique=True, max_size=3))),
        notes=draw(paragraphs),
    )  # fmt: skip


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), words, st.text(max_size=5),
    st.just(10**400), st.just("\ud800"), st.just("\0"),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.one_of(words, st.integers(), st.none()), inner, max_size=4)
    ),
    max_leaves=12,
)
