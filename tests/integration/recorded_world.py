"""The registry behind the recorded plants, and what became of it, in a process whose Django looks at its databases.

``build``: reads ``{"password": …, "points": [{"enterprise": 0, "code": …, "column": …, limits…}, …]}`` from stdin and
writes the small world with these points and one duty officer. ``changes POINT`` prints what the alarms of a point went
through, oldest first.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from anlan import now as clock
from anlan.process import django

OFFICER = "duty-officer"


def build(asked: dict[str, Any]) -> None:
    from anlan.apps.accounts.models import Grant, User
    from anlan.apps.org.models import Agency, AgencyLevel, Person, Role
    from anlan.apps.registry.models import Device, DeviceKind, HazardSource, Point
    from anlan.process.migrating import migrate
    from anlan.testing import small_world

    migrate()
    now = clock.now()
    made = small_world.build(now, enterprises=2, points=0)
    for row in asked["points"]:
        site = made[row.pop("enterprise")]
        source = HazardSource.objects.by_the_machine().select_related("enterprise").get(code=site.source)
        enterprise, column = source.enterprise, row.pop("column")
        device, _ = Device.objects.get_or_create(
            code=row["code"][:17],
            defaults={"enterprise": enterprise, "source": source, "name": "示例装置", "kind": DeviceKind.UNIT},
        )
        Point.objects.create(
            enterprise=enterprise,
            source=source,
            device=device,
            gateway=enterprise.gateways.get(),
            tag=column[:40],
            name=column,
            kind="WD",
            unit="℃",
            no_data_s=600,
            registered_at=now,
            **row,
        )
    person = Person.objects.create(code="officer", name="示例值班员")
    user = User(username=OFFICER, person=person)
    user.set_password(asked["password"])
    user.save()
    county = Agency.objects.get(level=AgencyLevel.COUNTY)
    Grant.objects.create(user=user, role=Role.DUTY_OFFICER, agency=county, valid_from=now)


def changes(code: str) -> list[list[Any]]:
    from anlan.apps.alarms.models import AlarmEvent

    rows = AlarmEvent.objects.by_the_machine().filter(alarm__point__code=code, alarm__side__in=("high", "low"))
    return [[row.change, row.level, row.value, row.at.isoformat()] for row in rows.order_by("at")]


if __name__ == "__main__":
    django.start()
    print(json.dumps(changes(sys.argv[2]) if sys.argv[1] == "changes" else build(json.load(sys.stdin))))
