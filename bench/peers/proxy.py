"""Requests a second through JupyterHub's proxy and through our gateway, with the same origin."""

import asyncio
import contextlib
import json
import secrets
import urllib.request
from collections.abc import Iterator

from bench.gateway import Samples, host, put, raised_rig, requests_a_second, running, wait_for
from bench.peers.hub import PROXY, environ
from bench.results import interleaved
from tests.service import free_port

PATH = "/user/bench/"


def rates(rounds: int, seconds: int) -> Samples:
    """Requests a second over 32 kept connections, 1 KiB an answer; theirs are the baseline."""
    with raised_rig() as rig, proxy(rig.origin_port) as port:
        asyncio.run(put(rig, range(1)))
        pairs = interleaved(
            lambda: requests_a_second(rig.gateway_port, seconds, host(0)),
            lambda: requests_a_second(port, seconds, host(0), path=PATH),
            rounds,
        )
    ours, theirs = zip(*pairs, strict=True)
    return Samples("requests/s", list(ours), list(theirs))


@contextlib.contextmanager
def proxy(origin_port: int) -> Iterator[int]:
    """The port of a configurable-http-proxy with a route as a person's server has it."""
    port, api_port, token = free_port(), free_port(), secrets.token_hex(16)
    command = [str(PROXY), "--ip", "127.0.0.1", "--port", str(port),
               "--api-ip", "127.0.0.1", "--api-port", str(api_port)]  # fmt: skip
    with running(command, environ() | {"CONFIGPROXY_AUTH_TOKEN": token}):
        wait_for(api_port)
        request = urllib.request.Request(
            f"http://127.0.0.1:{api_port}/api/routes{PATH}",
            data=json.dumps({"target": f"http://127.0.0.1:{origin_port}"}).encode(),
            headers={"Authorization": f"token {token}"},
        )
        urllib.request.urlopen(request).close()
        yield port
