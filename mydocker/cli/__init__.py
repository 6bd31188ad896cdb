"""The command `mydocker`: every process an operator can start and everything they can ask."""

from mydocker.cli.main import main

__all__ = ["main"]
