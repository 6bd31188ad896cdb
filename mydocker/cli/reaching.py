"""Whether the dashboard answers at its own address, through the gateway, as a browser would ask."""

import http.client
import ssl

from mydocker.cli.preparing import addresses
from mydocker.settings import Settings

PATIENCE_SECONDS = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where it listens, not we


def trouble(settings: Settings) -> str:
    """What a browser on this machine would meet instead of a page; empty if a page."""
    first = addresses(settings)[0]
    where = _EVERYWHERE.get(first, first)
    line = _line(where, settings)
    try:
        line.request("GET", "/healthz", headers={"Host": settings.parsed_url.netloc})
        status = line.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"nothing answers at {where} port {settings.port} ({error})"
    finally:
        line.close()
    return "" if status == 200 else f"the dashboard answers {status} at {where}:{settings.port}"


def _line(where: str, settings: Settings) -> http.client.HTTPConnection:
    if settings.scheme == "http":
        return http.client.HTTPConnection(where, settings.port, timeout=PATIENCE_SECONDS)
    # Whose certificate it is does not matter here, and it names the dashboard, not an address.
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(
        where, settings.port, timeout=PATIENCE_SECONDS, context=trusting
    )
