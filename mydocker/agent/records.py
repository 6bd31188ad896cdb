"""The record of what the agent did, on standard error."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

_LONGEST_RECORD = 20


def write_record(action: str, facts: Mapping[str, object]) -> None:
    """Write one line of JSON on standard error: what was done, to what, for whom."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"at": at, "action": f"agent.{action}", **{k: _brief(v) for k, v in facts.items()}}
    with suppress(OSError):  # nobody reads any more; that must not stop the work
        os.write(sys.stderr.fileno(), json.dumps(line).encode() + b"\n")


def _brief(value: object) -> object:
    if isinstance(value, (list, dict)) and len(value) > _LONGEST_RECORD:
        return f"{len(value)} items"
    return value
