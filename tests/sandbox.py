"""Loaded before Django: tests have a data folder of their own, never that of a service."""

import atexit
import os
import shutil
import tempfile

for _name in [name for name in os.environ if name.startswith("MYDOCKER_")]:
    if not _name.startswith("MYDOCKER_TEST_"):
        del os.environ[_name]

_folder = tempfile.mkdtemp(prefix="mydocker-test-")
for _name in ("database", "files", "static"):
    os.makedirs(os.path.join(_folder, _name))  # noqa: PTH103, PTH118
os.chmod(_folder, 0o755)  # noqa: PTH101
os.environ["MYDOCKER_DATA"] = _folder
if _url := os.environ.get("MYDOCKER_TEST_DATABASE_URL"):
    os.environ["MYDOCKER_DATABASE_URL"] = _url
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
