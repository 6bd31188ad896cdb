"""The firewall and the figures, with a real engine: attacks from inside real containers."""

import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .neighbourhood import (
    INTERNET,
    LAN,
    METADATA,
    RESOLVER,
    Neighbourhood,
    Target,
    ask_by_udp,
    run,
)
from .process import DEADLINE_S, AgentProcess, Dial, Line

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def instance() -> str:
    return "7e57a9"


@pytest.fixture(scope="module")
def town(instance: str) -> Iterator[Neighbourhood]:
    with Neighbourhood(instance) as built:
        yield built


@pytest.fixture
def agent(make_agent: Callable[[], AgentProcess], place: Path) -> AgentProcess:
    """An agent on a machine whose resolver is the stand-in."""
    (place / "resolv.conf").write_text(f"nameserver {RESOLVER}\nnameserver 127.0.0.53\n")
    return make_agent().start(
        "from mydocker.agent import firewall\n"
        f"firewall.Firewall.__init__.__defaults__ = ((Path({str(place / 'resolv.conf')!r}),),)"
    )


def rules(town: Neighbourhood, *allow: str) -> dict[str, object]:
    bridges = [
        {"name": f"md{town.instance}-o", "policy": "open"},
        {"name": f"md{town.instance}-n", "policy": "none"},
        {"name": f"md{town.instance}-c", "policy": "open"},
    ]
    return {"bridges": bridges, "allow": list(allow)}


def host_addresses() -> list[str]:
    lines = run("ip", "-4", "-o", "addr", "show").splitlines()
    return [line.split()[3].split("/")[0] for line in lines]


def link_local(mac: str) -> str:
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    halves = [octets[0:2], [octets[2], 0xFF], [0xFE, octets[3]], octets[4:6]]
    return "fe80::" + ":".join(f"{a:02x}{b:02x}" for a, b in halves)


def targets(town: Neighbourhood, name: str) -> dict[str, Target]:
    """All that a container should not reach, and what it may."""
    other = town.facts("two" if name == "one" else "one")
    found = {
        "internet": Target(INTERNET, 80),
        "internet_udp": Target(INTERNET, 80, "udp"),
        "internet_ping": Target(INTERNET, kind="ping"),
        "resolver": Target(RESOLVER, 53),
        "resolver_udp": Target(RESOLVER, 53, "udp"),
        "resolver_other_port": Target(RESOLVER, 80),
        "lan": Target(LAN, 80),
        "lan_udp": Target(LAN, 80, "udp"),
        "lan_ping": Target(LAN, kind="ping"),
        "lan_dns": Target(LAN, 53, "udp"),
        "lan_81": Target(LAN, 81),
        "metadata": Target(METADATA, 80),
    }
    for number, address in enumerate(a for a in host_addresses() if a != "127.0.0.1"):
        found[f"host{number}"] = Target(address, town.host_port)
        found[f"host{number}_udp"] = Target(address, town.host_port, "udp")
        found[f"host{number}_other"] = Target(address, town.host_port + 1)
        found[f"host{number}_ping"] = Target(address, kind="ping")
    if name in ("one", "two"):
        found["neighbour"] = Target(other["address"], 80)
        found["neighbour_ping"] = Target(other["address"], kind="ping")
    return found


def test_without_the_table_all_of_it_is_open(town: Neighbourhood) -> None:
    """The control: what follows proves nothing unless these attacks work."""
    for name in ("one", "three", "four"):
        tried = targets(town, name)
        assert town.reach(name, tried) == set(tried)


def test_an_open_container_reaches_names_internet_and_what_is_allowed(
    town: Neighbourhood, line: Line
) -> None:
    gateway = town.facts("one")["gateway"]
    allow = (f"{LAN}:81/tcp", f"{gateway}:{town.host_port + 1}/tcp")
    state = line.ask("firewall", **rules(town, *allow))
    assert state == {"loaded": True, "problem": "", "resolvers": [RESOLVER]}
    tried = targets(town, "one")
    (host,) = (label for label, t in tried.items()
               if t == Target(gateway, town.host_port + 1))  # fmt: skip
    expected = {"internet", "internet_udp", "internet_ping", "resolver", "resolver_udp"}
    assert town.reach("one", tried) == expected | {"lan_81", host}


def test_not_even_an_allowed_address_opens_a_neighbour(town: Neighbourhood, line: Line) -> None:
    neighbour = town.facts("two")["address"]

    def packets_that_arrived() -> int:
        counters = town.shell("two", "busybox grep ^Udp: /proc/net/snmp").splitlines()
        before = int(counters[1].split()[counters[0].split().index("NoPorts")])
        town.shell("one", ask_by_udp(f"{neighbour} 9"), check=False)
        counters = town.shell("two", "busybox grep ^Udp: /proc/net/snmp").splitlines()
        return int(counters[1].split()[counters[0].split().index("NoPorts")]) - before

    assert packets_that_arrived() > 0  # the control
    line.ask("firewall", **rules(town, f"{neighbour}:80/tcp", f"{neighbour}:9/udp"))
    assert town.reach("one", {"neighbour": Target(neighbour, 80)}) == set()
    assert packets_that_arrived() == 0


def test_closed_and_unknown_bridges_reach_nothing(town: Neighbourhood, line: Line) -> None:
    for name in ("three", "four"):
        tried = targets(town, name)
        ports = [t for t in tried.values() if t.kind != "ping"]
        line.ask("firewall", **rules(town, *(f"{t.address}:{t.port}/{t.kind}" for t in ports)))
        assert town.reach(name, tried) == set()


def test_a_container_without_a_way_out_reaches_nothing_until_it_is_let_out(
    town: Neighbourhood, line: Line
) -> None:
    line.ask("firewall", **rules(town))
    tried, five = targets(town, "five"), town.facts("five")
    assert town.reach("five", tried) == set()
    for _ in range(2):
        line.ask("let_out", container=five["id"], address=five["address"])
        assert town.reach("five", tried) == town.reach("one", targets(town, "one"))
    assert town.reach("six", targets(town, "six")) == set()


def test_nobody_else_is_let_out(town: Neighbourhood, line: Line) -> None:
    line.ask("firewall", **rules(town))
    six = town.facts("six")
    ours = run("ip", "-4", "route", "show", "default")
    stranger = line.ask("let_out", container=six["id"], address=LAN)
    assert stranger == {"error": "not_ours"}
    absent = line.ask("let_out", container="0" * 64, address=six["address"])
    assert absent == {"error": "no_container"}
    assert town.reach("six", targets(town, "six")) == set()
    assert run("ip", "-4", "route", "show", "default") == ours


def test_the_host_reaches_containers_of_every_policy(town: Neighbourhood, line: Line) -> None:
    line.ask("firewall", **rules(town))
    for name in ("one", "three", "four", "six"):
        with socket.create_connection((town.facts(name)["address"], 80), DEADLINE_S) as end:
            assert end.recv(100) == b"answer\n"


def test_the_outside_does_not_call_containers(town: Neighbourhood, line: Line) -> None:
    """Not even one that routes through the host, past any published port, from the internet."""
    address, outside = town.facts("one")["address"], f"test-agent-{town.instance}"
    run("ip", "-n", outside, "route", "add", address, "via", "10.213.7.1", "src", INTERNET)
    run("iptables", "-I", "DOCKER-USER", "-d", address, "-j", "ACCEPT")
    try:
        knock = ["nsenter", f"--net=/var/run/netns/{outside}", "busybox", "nc"]
        words = [*knock, "-w1", address, "80"]
        assert run(*words, check=False) == "answer"
        line.ask("firewall", **rules(town))
        assert run(*words, check=False) == ""
    finally:
        run("iptables", "-D", "DOCKER-USER", "-d", address, "-j", "ACCEPT")
        run("ip", "-n", outside, "route", "del", address)


def test_ipv6_reaches_nobody(town: Neighbourhood, line: Line) -> None:
    neighbour = link_local(town.facts("two")["mac"])
    bridge = Path(f"/sys/class/net/md{town.instance}-o/address").read_text().strip()
    Path(f"/proc/sys/net/ipv6/conf/md{town.instance}-o/disable_ipv6").write_text("0")
    probes = {
        "neighbour": Target(f"{neighbour}%eth0", 80),
        "host": Target(f"{link_local(bridge)}%eth0", town.host_port),
    }
    deadline = time.monotonic() + DEADLINE_S
    run("nft", "delete", "table", "inet", f"mydocker_{town.instance}", check=False)
    while (reached := town.reach("one", probes)) != set(probes):  # addresses settle first
        assert time.monotonic() < deadline, reached
    line.ask("firewall", **rules(town))
    assert town.reach("one", probes) == set()


def test_a_forged_sender_gets_nowhere(town: Neighbourhood, line: Line) -> None:
    forged, way = "10.213.99.99", f"{INTERNET}/32 via {town.facts('one')['gateway']}"
    say = ask_by_udp(f"{INTERNET} 80")
    town.shell("one", f"busybox ip addr add {forged}/32 dev eth0")
    town.shell("one", f"busybox ip route add {way} src {forged}")
    forget(town)
    town.shell("one", say, check=False)
    assert town.world.heard() == forged  # the control
    line.ask("firewall", **rules(town))
    forget(town)
    town.shell("one", say, check=False)
    town.shell("one", f"busybox ip route del {way}; {say}")
    assert town.world.heard() != forged


def forget(town: Neighbourhood) -> None:
    """Pass over all that asked the stand-in so far."""
    mark = f"mark {time.monotonic_ns()}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(mark.encode(), (LAN, 81))
    while town.world.heard() != mark:
        pass


def test_a_tighter_list_holds_for_open_connections_too(town: Neighbourhood, line: Line) -> None:
    line.ask("firewall", **rules(town, f"{LAN}:81/tcp"))
    words = ["docker", "exec", "-i", town.container("one"), "busybox", "nc", LAN, "81"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as talk:
        assert talk.stdin and talk.stdout
        assert talk.stdout.readline() == b"answer\n"
        os.write(talk.stdin.fileno(), b"one\n")
        assert talk.stdout.readline() == b"one\n"
        line.ask("firewall", **rules(town))
        os.write(talk.stdin.fileno(), b"two\n")
        assert select.select([talk.stdout], [], [], 1.0)[0] == []
        talk.kill()


def test_rules_outlive_the_agent_and_a_later_one_knows_them(
    town: Neighbourhood, agent: AgentProcess, dial: Dial
) -> None:
    dial(agent).ask("firewall", **rules(town))
    agent.kill()
    assert town.reach("three", targets(town, "three")) == set()
    agent.start()  # with the machine's real resolvers: another node, as after a move
    outdated = dial(agent).ask("firewall_state")
    assert "resolvers" in outdated["problem"]
    dial(agent).ask("firewall", **rules(town))
    agent.kill()
    agent.start()
    assert dial(agent).ask("firewall_state")["loaded"]


TAMPERING = [
    "delete table inet {t}",
    "flush table inet {t}",
    "flush chain inet {t} to_host",
    "insert rule inet {t} forward accept",
    "add element inet {t} allowed {{ 10.0.0.1 . tcp . 22 }}",
    "flush set inet {t} denied",
    'delete element inet {t} open {{ "md{i}-o" }}',
]


@pytest.mark.parametrize("deed", TAMPERING)
def test_tampering_is_seen_and_mended(town: Neighbourhood, line: Line, deed: str) -> None:
    wanted = rules(town)
    line.ask("firewall", **wanted)
    words = deed.format(t=f"mydocker_{town.instance}", i=town.instance)
    run("nft", *words.split())
    state = line.ask("firewall_state")
    assert not state["loaded"] and state["problem"]
    assert line.ask("firewall", **wanted)["loaded"]


def test_it_touches_no_table_but_its_own(town: Neighbourhood, line: Line) -> None:
    other = f"mydocker_{town.instance[::-1]}"
    run("nft", "add", "table", "inet", other)
    try:
        line.ask("firewall", **rules(town))
        before = run("nft", "-s", "list", "ruleset")
        line.ask("firewall", **rules(town))
        assert run("nft", "-s", "list", "ruleset") == before
        assert other in before
    finally:
        run("nft", "delete", "table", "inet", other)


def test_cut_ends_the_hosts_connections_to_one_container(town: Neighbourhood, line: Line) -> None:
    one, two = (town.facts(name)["address"] for name in ("one", "two"))
    town.shell("one", "(busybox nc -ll -p 90 -e busybox cat) >/dev/null 2>&1 &")
    town.shell("two", "(busybox nc -ll -p 90 -e busybox cat) >/dev/null 2>&1 &")
    ends = [connected(address) for address in (one, one, two)]
    assert line.ask("cut", address=one) == {"cut": 2}
    for end in ends[:2]:
        with pytest.raises(ConnectionAbortedError):
            end.recv(1)
    ends[2].sendall(b"x")
    assert ends[2].recv(1) == b"x"
    assert line.ask("cut", address=one) == {"cut": 0}
    for end in ends:
        end.close()


def connected(address: str) -> socket.socket:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            end = socket.create_connection((address, 90), DEADLINE_S)
            end.sendall(b"x")
            assert end.recv(1) == b"x"
            return end
        except OSError:
            assert time.monotonic() < deadline


def test_cut_is_refused_for_all_else(town: Neighbourhood, line: Line) -> None:
    strangers = ["127.0.0.1", LAN, INTERNET, *host_addresses(), town.facts("one")["gateway"]]
    for address in strangers:
        assert line.ask("cut", address=address) == {"error": "not_ours"}


def test_usage_of_real_containers(town: Neighbourhood, line: Line) -> None:
    town.add("n", "busy", "--memory=64m", "--cpus=0.05")
    town.shell("busy", "(while true; do :; done) >/dev/null 2>&1 &")
    identity = town.facts("busy")["id"]
    deadline = time.monotonic() + DEADLINE_S
    while True:
        usage = line.ask("usage", containers=[identity, "0" * 64])
        assert set(usage) == {identity}
        if usage[identity]["throttled_periods"]:
            break
        assert time.monotonic() < deadline
    usage = usage[identity]
    assert usage["memory_limit_bytes"] == 64 << 20
    assert 0 < usage["memory_bytes"] < 64 << 20
    assert usage["cpu_nanos"] > 0 and usage["pids"] >= 2 and usage["oom_kills"] == 0
    town.shell("busy", "busybox dd if=/dev/zero of=/dev/null bs=100M count=1", check=False)
    assert line.ask("usage", containers=[identity])[identity]["oom_kills"] >= 1


def test_usage_costs_far_less_than_a_millisecond(town: Neighbourhood, line: Line) -> None:
    known = [town.facts(name)["id"] for name in ("one", "two", "three", "four")]
    best = min(timed(lambda: line.ask("usage", containers=known * 50)) for _ in range(5))
    assert best / 200 < 0.001


def timed(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def test_a_container_given_a_slot_early_sees_the_home_later(
    town: Neighbourhood, place: Path, line: Line
) -> None:
    """The whole of a claim: an empty slot at start, the home mounted while it runs."""
    line.ask("attach", run="run00001", homes=[])
    slot = place / "data/slots/run00001/0"
    slot.mkdir()
    town.add("n", "spare", f"--volume={slot}:/home/user:ro,rslave", "--user=33:33")
    home = {"slot": 0, "home": "home0001", "uid": 33, "gid": 33}
    (source,) = line.ask("attach", run="run00001", homes=[home])["sources"]
    assert source == str(slot)
    town.shell("spare", "echo mine > /home/user/file && busybox cat /home/user/file")
    assert next(place.glob("data/homes/*/home0001/file")).stat().st_uid == 1000
    flags = town.shell("spare", "busybox grep ' /home/user ' /proc/mounts").splitlines()[-1]
    assert "nosuid" in flags and "nodev" in flags and "rw" in flags
    run("docker", "rm", "-f", town.container("spare"))
    assert line.ask("detach", run="run00001") is None
    assert not slot.exists()
