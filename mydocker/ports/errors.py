"""The two ways in which the outside fails. (The third kind, `Refusal`, is a rule's.)"""


class Unavailable(Exception):
    """The outside did not answer, or not now. Try again later, with back-off."""


class Refused(Exception):
    """The outside will never accept this. Do not try again.

    `code` is one of `domain.failures.Cause` values where the person has to be told,
    else a short stable word for the log.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
