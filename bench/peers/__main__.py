"""`make bench-peers`: JupyterHub and we in turns; a table, and `var/bench.json`."""

import sys

from bench import command
from bench.peers.hub import HOW, is_installed
from bench.peers.measure import NAMES, Sizes, measure

ASKED = {
    "starts": "single starts of each side",
    "burst": "people who start at the same moment",
    "rounds": "rounds of such people, and of the proxies",
    "seconds": "for each measurement of a proxy",
}


def main() -> int:
    """1 if there is no JupyterHub."""
    if not is_installed():
        print(HOW, file=sys.stderr)
        return 1
    command.run("python -m bench.peers", str(__doc__), NAMES, ASKED, Sizes, measure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
