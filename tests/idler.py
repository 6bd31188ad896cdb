"""`python -m tests.idler FOLDER WORD`: a supervisor whose one child beats, or else hangs."""

import sys
import time
from functools import partial
from pathlib import Path

from mydocker.cli.supervisor import Child, Supervisor
from mydocker.pulse import Pulse

HUNG_SECONDS = 0.6
PACE_SECONDS = HUNG_SECONDS / 10


def main(folder: Path, word: str) -> None:
    """Supervise until SIGTERM; what is told goes to standard output."""
    pulse = Pulse()

    def work() -> None:
        while True:
            time.sleep(PACE_SECONDS)
            if word == "beats":
                pulse.beat()
                print("beaten", flush=True)

    Supervisor(
        [Child("idler", work, pulse)], folder, folder / "pids", partial(print, flush=True),
        hung_seconds=HUNG_SECONDS, look_seconds=0.1,
    ).run(lambda: None)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
