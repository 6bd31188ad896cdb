"""How a verb says no. The server turns it into the answer's `error`."""


class VerbError(Exception):
    """A verb was not done. `kind` is `refused` (never will be) or `unavailable` (again later)."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


def refused(code: str, message: str) -> VerbError:
    """Make the error of something that will never be accepted."""
    return VerbError("refused", code, message)


def unavailable(code: str, message: str) -> VerbError:
    """Make the error of something that may go well later."""
    return VerbError("unavailable", code, message)
