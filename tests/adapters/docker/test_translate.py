"""From plan to create body, and back: what is asked for, and that any loss of it is seen."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.adapters.docker.names import Names
from mydocker.adapters.docker.readback import MUST_BE_OFF, differences
from mydocker.adapters.docker.translate import (
    NO_NEW_PRIVILEGES,
    SUDO_CAPABILITIES,
    Bounds,
    Limits,
    create_body,
    memory_file_systems,
)
from mydocker.domain.environments import NetworkPolicy
from mydocker.ports.driver import Mount, RunPlan

NAMES = Names("0a1b2c")
NETWORK = "5f" * 32
BOUNDS = Bounds(cpus=2, open_files=20_000, resolvers=["192.0.2.53"])
GIB = 1 << 30


def plan(**changes: Any) -> RunPlan:
    wanted: dict[str, Any] = {
        "run": "r7",
        "image": "tiny:1",
        "command": ["serve", "8888"],
        "variables": {"COLOUR": "blue=green"},
        "network": NetworkPolicy.OPEN,
        "cpu_nanos": 500_000_000,
        "memory_bytes": GIB,
        "pids": 100,
        "shm_bytes": 64 << 20,
        "tmp_bytes": 256 << 20,
        "mounts": [Mount("/srv/slots/r7", "/home/jovyan")],
        "user": "1000:1000",
        "labels": {"org.example.note": "x", "org.mydocker.run": "forged"},
    }
    return RunPlan(**{**wanted, **changes})


def body(**changes: Any) -> dict[str, Any]:
    return create_body(plan(**changes), NAMES, NETWORK, BOUNDS, Limits())


def kept(asked: dict[str, Any]) -> dict[str, Any]:
    """What an engine answers that keeps everything, in its own spelling."""
    host = copy.deepcopy(asked["HostConfig"])
    binds = host.pop("Mounts")
    host["CapAdd"] = [f"CAP_{name}" for name in host["CapAdd"]] or None
    host["RestartPolicy"]["MaximumRetryCount"] = 0
    host["MaskedPaths"] = ["/proc/kcore", "/proc/keys", "/proc/acpi", "/sys/firmware"]
    host["ReadonlyPaths"] = ["/proc/bus", "/proc/sys", "/proc/sysrq-trigger"]
    volume = {"Type": "volume", "Source": "/var/x", "Destination": "/x", "RW": True}
    return {
        "HostConfig": {key: value or None for key, value in host.items()},
        "Config": {
            "Cmd": asked.get("Cmd"),
            "User": asked.get("User", ""),
            "Hostname": asked["Hostname"],
            "Env": [*asked["Env"], "PATH=/bin"],
            "Labels": {**asked["Labels"], "of.the": "image"},
        },
        "NetworkSettings": {"Networks": {host["NetworkMode"]: {}}},
        "Mounts": [
            {**volume, "Propagation": ""},
            *(
                {
                    "Type": "bind",
                    "Source": bind["Source"],
                    "Destination": bind["Target"],
                    "RW": True,
                    "Propagation": "rslave",
                }
                for bind in binds
            ),
        ],
    }


def test_everything_that_isolates_is_asked_for() -> None:
    host = body()["HostConfig"]
    assert host["NetworkMode"] == NETWORK
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], [])
    assert host["SecurityOpt"] == [NO_NEW_PRIVILEGES]
    assert host["Privileged"] is False
    assert host["Memory"] == host["MemorySwap"] == GIB
    assert host["MemorySwappiness"] == 0
    assert (host["PidsLimit"], host["NanoCpus"], host["CpuShares"]) == (100, 500_000_000, 512)
    assert (host["OomScoreAdj"], host["OomKillDisable"], host["Init"]) == (500, False, True)
    assert (host["IpcMode"], host["CgroupnsMode"]) == ("private", "private")
    assert host["Tmpfs"] == {"/tmp": f"rw,exec,nosuid,nodev,size={256 << 20},mode=1777"}
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 16_384, "Hard": 16_384}]
    assert host["LogConfig"]["Config"] == {"max-size": "1000000", "max-file": "2"}
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["PublishAllPorts"] is False
    assert host["Sysctls"] == {"net.ipv4.ping_group_range": "1 0"}
    assert host["Dns"] == ["192.0.2.53"]
    assert host["Mounts"][0]["BindOptions"] == {"Propagation": "rslave"}


def test_sudo_gives_five_capabilities_and_new_privileges() -> None:
    host = body(sudo=True)["HostConfig"]
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], list(SUDO_CAPABILITIES))
    assert host["SecurityOpt"] == []


@given(st.booleans(), st.sampled_from(NetworkPolicy), st.text(max_size=20))
def test_no_plan_ever_asks_for_more(sudo: bool, network: NetworkPolicy, text: str) -> None:
    asked = body(sudo=sudo, network=network, variables={"X": text}, command=[text], user=text)
    host = asked["HostConfig"]
    assert not set(host["CapAdd"]) - set(SUDO_CAPABILITIES)
    assert not any("unconfined" in option for option in host["SecurityOpt"])
    assert not any(host.get(key) for key in MUST_BE_OFF)
    assert host["NetworkMode"] == NETWORK


def test_a_plan_cannot_forge_the_labels_that_say_whose_it_is() -> None:
    labels = body()["Labels"]
    assert labels["org.mydocker.run"] == "r7"
    assert labels["org.mydocker.instance"] == "0a1b2c"
    assert labels["org.example.note"] == "x"


def test_no_more_cpus_than_the_machine_has_but_the_share_stays() -> None:
    host = body(cpu_nanos=8_000_000_000)["HostConfig"]
    assert (host["NanoCpus"], host["CpuShares"]) == (2_000_000_000, 8192)


def test_an_image_keeps_its_own_command_and_user_where_the_plan_names_none() -> None:
    asked = body(command=[], user="")
    assert "Cmd" not in asked
    assert "User" not in asked


def test_an_image_s_health_check_is_off() -> None:
    assert body()["Healthcheck"] == {"Test": ["NONE"]}


@given(st.integers(6 << 20, 64 * GIB), st.integers(0, 64 * GIB), st.integers(0, 64 * GIB))
def test_what_lives_in_memory_leaves_memory_to_programs(memory: int, tmp: int, shm: int) -> None:
    got = memory_file_systems(plan(memory_bytes=memory, tmp_bytes=tmp, shm_bytes=shm))
    assert sum(got) <= memory * 3 // 4
    assert got[0] <= tmp and got[1] <= shm
    if tmp + shm <= memory * 3 // 4:
        assert got == (tmp, shm)


@pytest.mark.parametrize("sudo", [False, True])
def test_an_engine_that_keeps_everything_differs_in_nothing(sudo: bool) -> None:
    asked = body(sudo=sudo)
    assert differences(asked, kept(asked)) == []


@pytest.mark.parametrize("key", [key for key in body()["HostConfig"] if body()["HostConfig"][key]])
def test_whatever_an_engine_drops_is_seen(key: str) -> None:
    asked = body()
    answer = kept(asked)
    if key == "Mounts":
        answer["Mounts"].pop()
    else:
        answer["HostConfig"][key] = None
    assert key in differences(asked, answer)


@pytest.mark.parametrize("key", MUST_BE_OFF)
def test_whatever_is_added_is_seen(key: str) -> None:
    asked = body()
    answer = kept(asked)
    answer["HostConfig"][key] = ["something"]
    assert key in differences(asked, answer)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("HostConfig", "CapAdd"), ["NET_RAW"], "CapAdd"),
        (("HostConfig", "SecurityOpt"), [NO_NEW_PRIVILEGES, "seccomp=unconfined"], "SecurityOpt"),
        (("HostConfig", "MemorySwap"), -1, "MemorySwap"),
        (("HostConfig", "MemorySwappiness"), 60, "MemorySwappiness"),
        (("HostConfig", "MaskedPaths"), [], "MaskedPaths"),
        (("HostConfig", "ReadonlyPaths"), ["/proc/bus"], "ReadonlyPaths"),
        (("Config", "User"), "0", "User"),
        (("Config", "Cmd"), ["sh"], "Cmd"),
        (("Config", "Env"), None, "Env"),
        (("Config", "Labels"), None, "Labels"),
        (("NetworkSettings", "Networks"), {"md-0a1b2c-open": {}, "bridge": {}}, "Networks"),
    ],
)
def test_what_is_changed_is_seen(path: tuple[str, str], value: Any, told: str) -> None:
    asked = body()
    answer = kept(asked)
    answer[path[0]][path[1]] = value
    assert told in differences(asked, answer)


@pytest.mark.parametrize(
    "change", [{"RW": False}, {"Propagation": "rprivate"}, {"Source": "/"}, {"Destination": "/x"}]
)
def test_a_mount_that_is_not_as_asked_is_seen(change: dict[str, Any]) -> None:
    asked = body()
    answer = kept(asked)
    answer["Mounts"][-1] |= change
    assert differences(asked, answer) == ["Mounts"]
