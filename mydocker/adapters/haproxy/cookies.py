"""Which cookies are ours, and the expressions that keep them apart from those of containers."""

GRANT = "__Host-mydocker_grant"
"""Holds a grant of entry, on a run's host."""
OURS = "__Host-mydocker"
"""No cookie whose name begins so ever reaches a container, in whatever case."""


def ours_in_a_line() -> str:
    """Match a `Cookie` line with ours at its beginning and up to eight more elsewhere.

    Groups 1 to 9 are what remains. Linear: what is optional begins with what divides cookies.
    """
    one = rf"{OURS}[^;,]*"
    rest = ""
    for _ in range(8):
        rest = rf"(?:[;,\s\"]\s*{one}(.*?){rest})?"
    return rf"(?i)^(?:\s*{one}[;,]?\s*)*(.*?){rest}$"


def not_for_others() -> str:
    """Match a `Set-Cookie` line that is ours to set, or has a `Domain` (RFC 6265 §5.2.3).

    Groups 1 to 4 are what remains: nothing of the former; of the latter all but the first three
    `Domain`, and what follows a fourth.
    """
    domain = r";\s*domain\s*(?:=[^;]*)?(?=;|$)"
    without = rf"(.*?){domain}(.*?)(?:{domain}(.*?)(?:{domain}(.*?)(?:{domain}.*)?)?)?"
    return rf"(?i)^(?:[\s=\"]*{OURS}.*|{without})$"
