"""One file per kind of source; `open_driver` is the only door.

A driver is imported when a gateway asks for it, so that a plant that replays files needs no OPC UA library.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from anlan.edge.config import GatewayConfig
from anlan.edge.drivers.base import Driver
from anlan.edge.table import ConfigError, Table
from anlan.now import Clock

KINDS = {
    "opcua": "anlan.edge.drivers.opcua",
    "replay": "anlan.edge.drivers.replay",
}


def open_driver(gateway: GatewayConfig, clock: Clock) -> Driver:
    """The driver of a gateway, checked but not yet started; raises `ConfigError`."""
    module_name = KINDS.get(gateway.driver)
    if module_name is None:
        raise ConfigError(f"网关 {gateway.code} 的驱动 kind 只能是 {'、'.join(KINDS)}，不能是 {gateway.driver}")
    options = Table(gateway.options, f"网关 {gateway.code} [gateway.driver]")
    module = import_module(module_name)
    driver = cast(Driver, module.from_options(options, gateway, clock))
    options.finish()
    return driver
