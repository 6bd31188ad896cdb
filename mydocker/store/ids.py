"""Opaque ids. None is ever derived from a person or reused."""

import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def opaque(characters: int) -> str:
    """Random lower-case base32, five bits a character."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))


def short_id() -> str:
    """Id of a row that people see in addresses: 60 random bits; not a secret."""
    return opaque(12)


def run_id() -> str:
    """Id of a run: 100 random bits."""
    return opaque(20)


def host_label() -> str:
    """First label of a run's host name: 100 random bits, so that nobody guesses it."""
    return opaque(20)


def join_code() -> str:
    """A join code that people can type: 50 random bits."""
    return opaque(10)


def secret() -> str:
    """A ticket, grant or token: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def run_password() -> str:
    """A run's generated password: 119 random bits, letters and digits only."""
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(letters) for _ in range(20))
