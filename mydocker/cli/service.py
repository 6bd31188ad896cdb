"""`python -m mydocker.cli.service`: what `mydocker up` becomes.

A program of its own, because every process of the service is forked from it: what only the command
line needs would lie in the memory of each.
"""

import sys

DETACH = "--detach"
LOGS = "--logs"


def main() -> None:
    """Start the service and supervise it. Ends with status 1 and a sentence where it cannot."""
    # structlog would import it, for colourful tracebacks that nobody prints.
    sys.modules["rich"] = None  # type: ignore[assignment]
    from mydocker.cli.up import Problem, up
    from mydocker.settings import BadSettings, load

    try:
        up(load(), detach=DETACH in sys.argv, logs=LOGS in sys.argv)
    except (BadSettings, Problem) as problem:
        sys.exit(f"mydocker: {problem}")


if __name__ == "__main__":
    main()
