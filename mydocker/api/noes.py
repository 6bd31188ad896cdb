"""Which noes an operation documents; each is an `Error`."""

from mydocker.api.shapes import DefinitionError, Error

ALWAYS: dict[int, type[Error]] = dict.fromkeys((400, 401, 403, 413, 415, 422, 500, 503), Error)
UNKNOWN = {**ALWAYS, 404: Error}
"""Of something that may not exist."""
CHANGES = {**UNKNOWN, 409: Error, 429: Error}
"""Of something that may be in another state."""
DEFINES = {**CHANGES, 422: DefinitionError}
"""Of a definition, a recipe or files."""
EMPTY: dict[int, None] = {204: None}
