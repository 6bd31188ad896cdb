"""Waits for a process that has taken this one's place: `attend.py PID`.

Signals are passed on to it, and it ends as the other did.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import Any

PASSED_ON = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")


def main() -> None:
    """Attend to it until it ends."""
    pid = int(sys.argv[1])

    def pass_on(number: int, _: Any) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    for name in PASSED_ON:
        signal.signal(getattr(signal, name), pass_on)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
