"""How files of this machine come beside an image's recipe."""

import os
import resource
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from mydocker.cli.acting import now


def put(slug: str, wanted: Iterable[Path]) -> None:
    """Put files and folders of this machine beside an image's recipe, all or none."""
    from mydocker.domain.recipes import MOST_FILES
    from mydocker.services import images
    from mydocker.services.images import Upload
    from mydocker.services.operator import OPERATOR

    named = chain.from_iterable(map(_named, wanted))
    _allow_many_files()
    with ExitStack() as stack:
        uploads = [
            Upload(name, stack.enter_context(opened(path)), os.access(path, os.X_OK))
            for name, path in islice(named, MOST_FILES + 1)
        ]
        with as_the_web():
            images.put_files(OPERATOR, slug, uploads, now())


def _named(given: Path) -> Iterator[tuple[str, Path]]:
    """Files by their names in the context: those of a folder begin below it.

    Links in it are not followed: who wrote the folder may not be who puts it there.
    """
    from mydocker.cli.main import refuse

    if not given.is_dir():
        yield given.name, given
        return
    for path in sorted(given.rglob("*")):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            refuse(f"{path} is a link or another thing that is no plain file; nothing was taken.")
        if stat.S_ISREG(mode):
            yield path.relative_to(given).as_posix(), path


def _allow_many_files() -> None:
    """All files of a context are open at once."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def opened(path: Path) -> BinaryIO:
    """Open a file of this machine, or end with a sentence."""
    from mydocker.cli.main import refuse

    try:
        return path.open("rb")
    except OSError as error:
        refuse(f"{path}: {error.strerror}")


@contextmanager
def as_the_web() -> Iterator[None]:
    """Write files as who will read and write them next; what is read was opened before."""
    from mydocker.cli.main import refuse, settings

    folder = settings().data / "files"
    if not folder.is_dir():
        refuse(f"There is no folder {folder} yet. Start the service once with: mydocker up")
    owner = folder.stat()
    before = os.geteuid(), os.getegid()
    if before[0] != 0:
        yield
        return
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(before[0])
        os.setegid(before[1])
