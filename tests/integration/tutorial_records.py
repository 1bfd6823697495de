"""What the tutorial's reader would see on the screens, asked of the records in a process of its own.

``load PASSWORD`` writes the demo world and prints the gateway keys; ``seen POINT`` prints the alarms of a point and the
open warnings of its hazard source.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from anlan import now as clock
from anlan.process import django


def load(password: str) -> dict[str, str]:
    from anlan.process.migrating import migrate
    from anlan.testing.demo import world

    migrate()
    return world.load(clock.now(), password).gateway_keys


def seen(code: str) -> dict[str, Any]:
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.delivery.models import Message
    from anlan.apps.registry.models import Point
    from anlan.apps.warnings.models import Warning

    point = Point.objects.by_the_machine().get(code=code)
    warnings = Warning.objects.by_the_machine().filter(source=point.source_id, cleared_at__isnull=True)
    return {
        "alarms": [
            [alarm.side, alarm.worst, alarm.state] for alarm in Alarm.objects.by_the_machine().filter(point=point)
        ],
        "warnings": [
            {
                "level": warning.level,
                "told": Message.objects.by_the_machine()
                .filter(notice__subject=warning.subject)
                .values("recipient")
                .distinct()
                .count(),
            }
            for warning in warnings
        ],
    }


if __name__ == "__main__":
    django.start()
    print(json.dumps({"load": load, "seen": seen}[sys.argv[1]](sys.argv[2]), ensure_ascii=False))
