"""The command `mydocker`: every process an operator can start and everything they can ask."""


def main() -> None:
    """Run the command line."""
    from mydocker.cli.main import main as run

    run()


__all__ = ["main"]
