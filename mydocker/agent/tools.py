"""Runs the few programs the agent needs (`nft`, `ss`, `ip`), never with words of a caller's."""

import subprocess

from mydocker.agent.errors import refused, unavailable

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PATIENCE_SECONDS = 10


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end; the caller looks at the status."""
    try:
        return subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            text=True,
            env=_ENVIRONMENT,
            cwd="/",
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise refused("tool_missing", f"The program {words[0]} is not installed.") from error
    except subprocess.TimeoutExpired as error:
        raise unavailable("tool_slow", f"The program {words[0]} did not end in time.") from error
