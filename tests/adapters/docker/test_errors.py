"""The engine's sentences, as they were seen, and what we make of them."""

import pytest

from mydocker.adapters.docker.errors import Doing, NetworkGone, failure
from mydocker.domain.failures import Cause
from mydocker.ports.errors import Refused, Unavailable

OCI = (
    "failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: "
)
SEEN = [
    (Doing.CREATE, 404, "No such image: nope:latest", Cause.IMAGE_MISSING),
    (Doing.CREATE, 400, "invalid reference format", Cause.IMAGE_MISSING),
    (
        Doing.CREATE,
        400,
        'invalid mount config for type "bind": bind source path does not exist: /nope',
        Cause.HOME_UNAVAILABLE,
    ),
    (Doing.CREATE, 400, "No command specified", Cause.COMMAND_MISSING),
    (Doing.CREATE, 400, "Minimum memory limit allowed is 6MB", Cause.ENGINE_REFUSED),
    (Doing.CREATE, 500, "Cannot mkdir: /bin/sh is not a directory", Cause.ENGINE_REFUSED),
    (
        Doing.CREATE,
        500,
        "mkdir /var/lib/docker/overlay2/x: no space left on device",
        Cause.DISK_FULL,
    ),
    (
        Doing.START,
        500,
        "path /x is mounted on / but it is not a shared or slave mount",
        Cause.HOME_UNAVAILABLE,
    ),
    (
        Doing.START,
        400,
        f'{OCI}exec: "nope": executable file not found in $PATH: unknown',
        Cause.COMMAND_MISSING,
    ),
    (Doing.START, 400, f'{OCI}exec: "/bin": permission denied: unknown', Cause.COMMAND_MISSING),
    (
        Doing.START,
        500,
        f'{OCI}error mounting "/home/x" to rootfs at "/y": no such file or directory: unknown',
        Cause.HOME_UNAVAILABLE,
    ),
    (
        Doing.START,
        500,
        f"{OCI}container init was OOM-killed (memory limit too low?): unknown",
        Cause.OUT_OF_MEMORY,
    ),
    (
        Doing.START,
        500,
        "unable to find user bob: no matching entries in passwd file",
        Cause.ENGINE_REFUSED,
    ),
    (
        Doing.PULL,
        404,
        "manifest for 127.0.0.1:5000/x:none not found: manifest unknown: manifest unknown",
        Cause.IMAGE_MISSING,
    ),
    (
        Doing.PULL,
        404,
        "pull access denied for x, repository does not exist or may require 'docker login'",
        Cause.IMAGE_MISSING,
    ),
    (
        Doing.PULL,
        500,
        'Get "https://x.invalid/v2/": dial tcp: lookup x.invalid: no such host',
        Cause.IMAGE_MISSING,
    ),
    (
        Doing.PULL,
        500,
        'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
        Cause.IMAGE_UNUSABLE,
    ),
    (
        Doing.PULL,
        404,
        "no matching manifest for linux/amd64 in the manifest list entries",
        Cause.IMAGE_UNUSABLE,
    ),
    (Doing.PULL, 0, "unexpected EOF", Cause.IMAGE_UNUSABLE),
    (Doing.PULL, 0, "write /var/lib/docker/tmp/x: no space left on device", Cause.DISK_FULL),
]
PASSING = [
    (Doing.START, 404, "No such container: md-0a1b2c-r"),
    (Doing.START, 500, "failed to create endpoint x on network y: exchange full"),
    (Doing.START, 500, "dial unix /run/containerd/containerd.sock: connect: connection refused"),
    (Doing.START, 500, f"{OCI}fork/exec /proc/self/exe: resource temporarily unavailable"),
    (Doing.START, 900, "Cannot connect to Docker Engine"),
    (Doing.PULL, 900, "Cannot connect to Docker Engine"),
    (Doing.OTHER, 500, "no space left on device"),
]


@pytest.mark.parametrize(("doing", "status", "sentence", "cause"), SEEN)
def test_what_is_hopeless_is_refused_with_its_cause(
    doing: Doing, status: int, sentence: str, cause: Cause
) -> None:
    told = failure(status, sentence, doing)
    assert isinstance(told, Refused)
    assert told.code == cause
    assert str(told) == sentence


@pytest.mark.parametrize(("doing", "status", "sentence"), PASSING)
def test_what_may_pass_is_unavailable(doing: Doing, status: int, sentence: str) -> None:
    assert isinstance(failure(status, sentence, doing), Unavailable)


def test_a_network_that_is_gone_is_told_apart() -> None:
    assert isinstance(failure(404, "network md-0a1b2c-open not found", Doing.START), NetworkGone)
