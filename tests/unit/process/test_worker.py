"""What roles say of a database that did not do what they asked."""

from __future__ import annotations

import logging

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError

from anlan.process.worker import say_failed


@pytest.mark.parametrize(
    ("error", "traced"),
    [
        (OperationalError("database or disk is full"), False),
        (InterfaceError("connection already closed"), False),
        (OSError(28, "No space left on device"), False),
        (ProgrammingError("no such column"), True),
        (ValueError("a mistake of ours"), True),
    ],
)
def test_what_passes_by_itself_is_one_line_and_a_mistake_is_said_whole(
    error: Exception, traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    say_failed(logging.getLogger("anlan.test"), "it is tried again", error)
    [record] = caplog.records
    assert record.getMessage() == f"it is tried again: {error}"
    assert bool(record.exc_info) is traced
