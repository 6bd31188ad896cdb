"""Where the platform's files for inside containers are, and the shells that must run them."""

import shutil
from pathlib import Path

import mydocker

INSIDE = Path(mydocker.__file__).parent / "inside"
SHELLS = [
    [path, *words]
    for name, *words in (("dash",), ("bash", "--posix"), ("busybox", "sh"))
    if (path := shutil.which(name))
]
