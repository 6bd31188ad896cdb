"""`make bench-peers`: JupyterHub and we in turns; a table, and `var/bench.json`."""

import argparse
import signal
import sys
from dataclasses import fields

from bench import results
from bench.__main__ import OUTPUT, show
from bench.peers.hub import HOW, is_installed
from bench.peers.measure import NAMES, Sizes, measure

ASKED = {
    "starts": "single starts of each side",
    "burst": "people who start at the same moment",
    "rounds": "rounds of such people, and of the proxies",
    "seconds": "for each measurement of a proxy",
}


def main() -> int:
    """Parse, measure, write, print; 1 if there is no JupyterHub."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of {', '.join(NAMES)}")
    for each in fields(Sizes):
        parser.add_argument(f"--{each.name}", type=int, default=each.default, help=ASKED[each.name])
    words = vars(parser.parse_args())
    only = set(words.pop("only").replace(",", " ").split())
    if not is_installed():
        print(HOW, file=sys.stderr)
        return 1
    found: list[results.Result] = []

    def keep(result: results.Result) -> None:
        found.append(result)
        show(result)

    # Asked to end in whatever way, it takes its containers away first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure(keep, lambda name: not only or name in only, Sizes(**words))
    finally:
        results.write(found, OUTPUT)
        print("\n" + results.table(each.as_json() for each in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
