"""What a Jupyter application imports and computes at its start, done before it starts.

None of it depends on the person, and nothing of it is a person's.
"""

from __future__ import annotations

import importlib
import json
import mimetypes
import os
import platform
import pwd
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LATE = (
    "IPython",
    "encodings.idna",
    "jinja2.ext",
    "jupyter_core.migrate",
    "jupyter_lsp.serverextension",
    "jupyter_lsp.virtual_documents_shadow",
    "jupyter_server.files.handlers",
    "jupyter_server.gateway.managers",
    "jupyter_server.kernelspecs.handlers",
    "jupyter_server.nbconvert.handlers",
    "jupyter_server.services.contents.filemanager",
    "jupyter_server.services.kernels.kernelmanager",
    "jupyter_server.view.handlers",
    "jupyter_server_terminals.api_handlers",
    "jupyterlab.handlers.extension_manager_handler",
    "jupyterlab_server.handlers",
    "nbconvert.exporters",
    "notebook_shim.nbserver",
    "sqlite3",
    "ssl",
    "terminado",
    "tornado.platform.asyncio",
)
"""What Jupyter imports only when it starts or is first asked; whichever of it there is."""


def script_imports(program: str) -> str:
    """Return the module whose function a console script calls.

    Raises `ImportError` where the script calls none.
    """
    text = Path(program).read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^from (?!__)([\w.]+) import ", text, re.MULTILINE)
    if not found:
        raise ImportError(f"{program} is no application of Jupyter's")
    return found[1]


def prepare(program: str) -> None:
    """Import the application and all that it will want, and fill the caches that it fills.

    Raises `ImportError` where that cannot be done.
    """
    importlib.import_module(script_imports(program))
    server = sys.modules.get("jupyter_server.serverapp")
    if not server:
        raise ImportError(f"{program} is no application of Jupyter Server's")
    for name in enabled_extensions():
        import_extension(name)
    for names in getattr(server, "JUPYTER_SERVICE_HANDLERS", {}).values():
        for name in names or ():
            import_if_there(name)
    for name in LATE:
        import_if_there(name)
    warm_up()


MISFITS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError,
    RuntimeError, SyntaxError, SystemExit, TypeError, ValueError,
)  # fmt: skip
"""What a module that does not fit here raises when it is imported; Jupyter tells of it later."""


def import_if_there(name: str) -> Any:
    """Import a module, unless it is not there or will not be imported: then that is for later."""
    try:
        return importlib.import_module(name)
    except MISFITS:
        return None


def import_extension(name: str) -> None:
    """Import a server extension, as far as Jupyter does before there is a server."""
    module = import_if_there(name)
    points = getattr(module, "_jupyter_server_extension_points", tuple)
    try:
        for point in points():
            import_if_there(point["module"])
    except MISFITS:
        return


def enabled_extensions() -> Iterator[str]:
    """Yield the server extensions that the image enables; a person's own are for later."""
    home = os.path.expanduser("~")
    for folder in importlib.import_module("jupyter_core.paths").jupyter_config_path():
        if folder == home or folder.startswith(home + os.sep):
            continue
        for file in [
            Path(folder, "jupyter_server_config.json"),
            *Path(folder, "jupyter_server_config.d").glob("*.json"),
        ]:
            yield from extensions_in(file)


def extensions_in(file: Path) -> list[str]:
    """Return the server extensions that a configuration file enables; none if it is unusable."""
    try:
        named = json.loads(file.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
        return [name for name, enabled in named.items() if enabled]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


def warm_up() -> None:
    """Fill caches of whole processes, whose contents do not depend on the person."""
    mimetypes.init()
    platform.platform()
    platform.processor()  # a child process, the first time
    pwd.getpwuid(os.getuid())
    compile_routes()
    compile_a_template()


def compile_routes() -> None:
    """Compile the regular expressions of the addresses, as an application under `/` has them."""
    for module in list(sys.modules.values()):
        held = getattr(module, "__dict__", {})  # a lazy module stays so
        handlers = held.get("default_handlers")
        for handler in handlers if isinstance(handlers, list) else ():
            if isinstance(handler, tuple) and isinstance(handler[0], str):
                pattern = "/" + handler[0].lstrip("/")
                re.compile(pattern if pattern.endswith("$") else pattern + "$")


def compile_a_template() -> None:
    """Compile a page, for the lexer, the parser and the generator of templates."""
    jinja2 = import_if_there("jinja2")
    if jinja2:
        pages = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
        pages.compile("{% block a %}{{ b | e }}{% if c %}{% trans %}d{% endtrans %}{% endif %}"
                      "{% for e in f %}{{ e.g }}{% endfor %}{# h #}{% endblock %}")  # fmt: skip
