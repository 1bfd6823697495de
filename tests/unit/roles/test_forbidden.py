"""What the log server forbids a role is told to operators, not only to a log file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.apps.obligations import services as obligations
from anlan.roles.auditor import guards
from anlan.roles.auditor.audit import Part
from anlan.stream import connection

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.mark.case("G4")
@pytest.mark.django_db
def test_a_role_that_was_forbidden_something_has_it_in_its_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    since = NOW - timedelta(minutes=3)
    monkeypatch.setattr(connection, "_forbidden", {'nats: permissions violation for publish to "ui.x"': since})
    obligations.tick("delivery", NOW)
    part = Part()
    guards.own_faults(part, NOW)
    [fault] = part.faults
    assert (fault.kind, fault.since) == ("log_forbidden", since)
    assert "delivery" in fault.text
    assert "ui.x" in fault.text
