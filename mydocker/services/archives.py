"""Archives that people upload: zip, tar, tar.gz, tar.bz2, tar.xz."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from mydocker.domain.people import Person
from mydocker.store.images import ContextFileRow


def put_archive(
    person: Person, slug: str, name: str, stream: BinaryIO, now: datetime
) -> Sequence[ContextFileRow]:
    """Take all files of an archive, or raise `BadFiles`. Returns all files there are."""
    raise NotImplementedError
