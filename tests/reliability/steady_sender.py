"""A gateway that only sends: one packet after the other on one connection, until it is killed or frozen."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from anlan.testing.sender import Sender, packet


def main(url: str, enterprise: str, gateway: str, key: str, *points: str) -> None:
    """Send for ever, every 200 ms; what is not accepted is repeated."""
    with Sender(url, gateway, key) as sender:
        while True:
            message = packet(enterprise, gateway, datetime.now(UTC), dict.fromkeys(points, 50.0))
            while sender.send(message).status != 200:
                time.sleep(0.2)
            time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
