"""The cameras of the demo world report their states as an enterprise's video platform would: one of them is down."""

from __future__ import annotations

import base64
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime

logger = logging.getLogger(__name__)


def known() -> dict[str, list[str]]:
    """Codes of the cameras by the first gateway of their enterprise."""
    from anlan.apps.registry.selectors.locality import supervised
    from anlan.apps.registry.selectors.whole import cameras_of

    found = {}
    for enterprise in supervised():
        gateway = enterprise.gateways.by_the_machine().order_by("code").first()
        if gateway is not None:
            found[gateway.code] = [camera.code for camera in cameras_of(enterprise).order_by("code")]
    return found


def report(url: str, keys: Mapping[str, str], cameras: Mapping[str, Sequence[str]], at: datetime) -> bool:
    """Posts all states once; the last camera of the last gateway is out of order. False when the intake takes nothing
    now: it is tried again."""
    out_of_order = max((code for codes in cameras.values() for code in codes), default="")
    for gateway, codes in cameras.items():
        states = [
            {"code": code, "state": "fault" if code == out_of_order else "online", "at": at.isoformat()}
            for code in codes
        ]
        proof = base64.b64encode(f"{gateway}:{keys[gateway]}".encode()).decode()
        request = urllib.request.Request(
            f"{url}/api/v1/cameras/state", json.dumps({"cameras": states}).encode(),
            {"Authorization": f"Basic {proof}", "Content-Type": "application/json"}, method="POST",
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=5.0) as answer:
                answer.read()
        except (urllib.error.URLError, TimeoutError, OSError) as error:
            logger.warning("cameras of %s: %s", gateway, error)
            return False
    return True
