"""Asks the window one thing and waits for the answer; for threads, not for event loops."""

import json
import socket
from pathlib import Path
from typing import Any

from mydocker.ports.errors import Unavailable

PATIENCE_SECONDS = 5.0


def ask(path: Path, verb: str, patience: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """The first line of the answer. Raises `Unavailable`."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(patience)
            line.connect(str(path))
            line.sendall(json.dumps({"verb": verb}).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline() or b"{}")
    except (OSError, ValueError) as error:
        raise Unavailable(f"loops do not answer: {error}") from error
    if "error" in answer or not answer:
        raise Unavailable(str(answer.get("message", "loops do not answer")))
    return answer
