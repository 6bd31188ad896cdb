"""The gateway on HAProxy 2.6: its configuration, its map files, its runtime socket."""

from mydocker.adapters.haproxy.adapter import HaproxyGateway
from mydocker.adapters.haproxy.config import (
    GatewayConfig,
    gateway_command,
    maxconn_within,
    render,
    write_configuration,
)

__all__ = [
    "GatewayConfig",
    "HaproxyGateway",
    "gateway_command",
    "maxconn_within",
    "render",
    "write_configuration",
]
