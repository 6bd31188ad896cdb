"""Instant start, in sizes that can be asked for; a table, and `var/bench.json`."""

from bench import command
from bench.instant.measure import NAMES, Sizes, measure

ASKED = {
    "people": "who click within one second",
    "spares": "that stand by where not everybody gets one, and that are filled beside a start",
    "rounds": "of such clicks",
    "thaws": "of a workspace that somebody comes back to",
    "sleepers": "that lie there at the same time",
    "pairs": "of starts with and without spares being made",
}

if __name__ == "__main__":
    command.run("python -m bench.instant", str(__doc__), NAMES, ASKED, Sizes, measure)
