"""What containers use: cgroup files of version 2 in a copy, of this machine through the engine."""

import errno
import time
from pathlib import Path

import pytest

from mydocker.agent import figures
from mydocker.agent.cgroups import CgroupFiles, Cgroups

ID = "ab" * 32
VERSION_2 = {
    "memory.current": "300000000\n",
    "memory.max": "1073741824\n",
    "memory.stat": "anon 1\nfile 200000000\ninactive_file 150000000\nactive_file 50000000\n",
    "memory.events": "low 0\nhigh 0\nmax 4\noom 2\noom_kill 2\noom_group_kill 0\n",
    "pids.current": "17\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 1\nnr_periods 50\nnr_throttled 12\n",
}


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("place", [f"docker/{ID}", f"system.slice/docker-{ID}.scope"])
def test_version_2_under_either_driver(tmp_path: Path, place: str) -> None:
    write(tmp_path / place, VERSION_2)
    assert Cgroups(CgroupFiles({"": tmp_path})).usage([ID, "cd" * 32]) == {
        ID: {
            "cpu_nanos": 2_500_000_000,
            "memory_bytes": 100_000_000,
            "memory_limit_bytes": 1 << 30,
            "pids": 17,
            "oom_kills": 2,
            "throttled_periods": 12,
        }
    }


def test_version_2_without_limits(tmp_path: Path) -> None:
    files = VERSION_2 | {"memory.max": "max\n", "cpu.stat": "usage_usec 1\n"}
    write(tmp_path / "docker" / ID, files)
    usage = Cgroups(CgroupFiles({"": tmp_path})).usage([ID])[ID]
    assert usage["memory_limit_bytes"] is None
    assert usage["throttled_periods"] == 0


def test_a_container_that_ends_while_it_is_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "docker" / ID, VERSION_2)
    files = CgroupFiles({"": tmp_path})

    def gone(*_: object) -> str:
        raise OSError(errno.ENODEV, "gone")

    monkeypatch.setattr(files, "text", gone)
    assert Cgroups(files).usage([ID]) == {}


def test_a_link_in_the_place_of_a_cgroup_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", VERSION_2)
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / ID).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        Cgroups(CgroupFiles({"": tmp_path})).usage([ID])


def test_the_reserve_is_five_percent_and_at_least_two_gigabytes(tmp_path: Path) -> None:
    found = figures.space(tmp_path)
    assert found["reserve_bytes"] == max(found["total_bytes"] // 20, 2_000_000_000)
    assert found["reserve_hit"] == (found["free_bytes"] < found["reserve_bytes"])


def test_the_busy_share_is_of_the_time_since_the_last_question() -> None:
    processors = figures.Processors()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert processors.busy_fraction() > 0.2
    assert 0 <= processors.busy_fraction() <= 1
