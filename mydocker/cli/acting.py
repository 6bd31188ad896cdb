"""What commands share that act in process: the database, the clock, how things are printed."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import typer

from mydocker.cli import framework

LANGUAGE = "en"
AS_JSON = typer.Option(False, "--json", help="For programs.")


@contextmanager
def database() -> Iterator[None]:
    """Django ready; refusals become a sentence and status 1."""
    from mydocker.cli.main import refuse, settings

    chosen = settings()
    os.umask(0o007)
    if not (chosen.database_url or (chosen.data / "database").is_dir()):
        refuse(f"There is no service in {chosen.data} yet. Start it once with: mydocker up")
    framework.start(chosen)
    from django.utils import translation

    from mydocker.domain.refusals import Refusal
    from mydocker.store.transactions import DatabaseError

    try:
        with translation.override(LANGUAGE):
            yield
    except Refusal as refusal:
        refuse(_told(refusal.message, refusal.facts) + _hint(refusal.hint, refusal.facts))
    except DatabaseError as error:
        refuse(f"The database does not answer: {error}")


def _told(sentence: str, facts: Any) -> str:
    return sentence % facts if facts else sentence


def _hint(sentence: str, facts: Any) -> str:
    return f" {_told(sentence, facts)}" if sentence else ""


def now() -> datetime:
    """What the clock says."""
    return datetime.now(UTC)


def print_json(value: object) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))
