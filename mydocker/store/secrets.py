"""Digests and encryption of what must not lie in the database in clear."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def digest(secret: str) -> str:
    """SHA-256 of a secret of 128 bits or more, in hex. (Short secrets need a slow hash instead.)"""
    return sha256(secret.encode()).hexdigest()


@cache
def _box(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"mydocker at rest").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))


def seal(values: Mapping[str, str]) -> str:
    """Encrypt a small mapping with the installation's key."""
    return _box(settings.SECRET_KEY).encrypt(json.dumps(dict(values)).encode()).decode()


def unseal(sealed: str) -> dict[str, str]:
    """Give back what `seal` took. Raises InvalidToken where the key is another one."""
    opened: dict[str, str] = json.loads(_box(settings.SECRET_KEY).decrypt(sealed.encode()))
    return opened
