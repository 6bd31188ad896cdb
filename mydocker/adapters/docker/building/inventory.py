"""What is installed in an image, asked of its own package managers.

The image runs for that as nobody's container: no network, no rights, little memory, a minute. It
may lie; what it says is shown and decides nothing.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine
from mydocker.adapters.docker.errors import failure
from mydocker.adapters.docker.lines import Frames
from mydocker.ports.builder import Installed
from mydocker.ports.errors import Unavailable

LOOK = "org.mydocker.look"
"""Label of these containers: the instance."""
WITHIN = timedelta(seconds=60)
MOST_BYTES = 4 << 20
MOST_PACKAGES = 20_000
_LINE = re.compile(r"(apt|pip|conda|npm|cran)\t([^\t]{1,200})\t([^\t]{1,100})")
_PIP = (
    "from importlib.metadata import distributions as d\n"
    "for n, v in sorted({(x.metadata['Name'], x.version) for x in d()}):\n"
    "    print('pip', n, v, sep='\\t')"
)
_R = r"i <- installed.packages(); cat(paste('cran', i[,1], i[,3], sep='\t'), sep='\n')"
SCRIPT = f"""
dpkg-query -W -f 'apt\\t${{Package}}\\t${{Version}}\\n'
python3 -c "$MYDOCKER_PIP"
for file in "${{CONDA_PREFIX:-${{MAMBA_ROOT_PREFIX:-/opt/conda}}}}"/conda-meta/*.json; do
    name=${{file##*/}} name=${{name%.json}} name=${{name%-*}}
    [ -e "$file" ] && printf 'conda\\t%s\\t%s\\n' "${{name%-*}}" "${{name##*-}}"
done
npm ls --global --depth 0 --parseable --long |
    sed -n 's/^[^:]*:\\(@\\{{0,1\\}}[^@:]*\\)@\\([^:]*\\).*/npm\\t\\1\\t\\2/p'
Rscript --vanilla -e "{_R}"
exit 0
"""


async def packages_of(
    engine: Engine, reference: str, instance: str, under_way: set[str]
) -> list[Installed]:
    """See `Builder.packages`. Raises `Unavailable` if the engine goes.

    The container's id is in `under_way` as long as it is there.
    """
    try:
        container = await _create(engine, reference, instance)
    except DockerError as error:
        if error.status == 404:
            return []
        raise failure(error.status, error.message) from error
    under_way.add(container)
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            return list(read(await _said(engine, container)))
    except (DockerError, TimeoutError):
        return []  # it has no shell, or breaks, or takes too long
    finally:
        await asyncio.shield(_remove(engine, container))
        under_way.discard(container)


def read(said: str) -> Iterator[Installed]:
    """Yield the packages that the script told of, by manager and name, each once."""
    found = {match.groups() for line in said.splitlines() if (match := _LINE.fullmatch(line))}
    for manager, name, version in sorted(found)[:MOST_PACKAGES]:
        yield Installed(manager, name, version)


async def _create(engine: Engine, reference: str, instance: str) -> str:
    body: dict[str, Any] = {
        "Image": reference,
        "User": "0:0",
        "Entrypoint": ["/bin/sh", "-c", SCRIPT],
        "Cmd": [],
        "Env": [f"MYDOCKER_PIP={_PIP}", "LC_ALL=C"],
        "WorkingDir": "/",
        "Labels": {LOOK: instance},
        "Healthcheck": {"Test": ["NONE"]},
        "NetworkDisabled": True,
        "HostConfig": {
            "NetworkMode": "none",
            "Memory": 512 << 20,
            "MemorySwap": 512 << 20,
            "NanoCpus": 10**9,
            "PidsLimit": 128,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "ReadonlyRootfs": True,
            "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=67108864"},  # noqa: S108 - its own
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "8m", "max-file": "1"}},
        },
    }
    return str((await engine.ask("containers/create", "POST", body=body))["Id"])


async def _said(engine: Engine, container: str) -> str:
    await engine.ask(f"containers/{container}/start", "POST")
    await engine.ask(f"containers/{container}/wait", "POST", within=WITHIN)
    frames, said = Frames(), bytearray()
    async with engine.stream(f"containers/{container}/logs", params={"stdout": "1"}) as chunks:
        async for chunk in chunks:
            for _, data in frames.feed(chunk):
                said += data[: MOST_BYTES - len(said)]
    return bytes(said).decode(errors="replace")


async def _remove(engine: Engine, container: str) -> None:
    with suppress(DockerError, Unavailable):  # `sweep` finds it by its label
        await engine.ask(f"containers/{container}", "DELETE", params={"force": "1", "v": "1"})
