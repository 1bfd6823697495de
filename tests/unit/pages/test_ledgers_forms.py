"""What a form of a ledger begins with is what a browser shows, and what it sends back is the same value."""

from __future__ import annotations

import re

from anlan.pages.ledgers.forms import EntryForm
from anlan.schema import Field, Schema


def test_a_moment_stands_in_the_form_as_a_browser_reads_it_and_comes_back_the_same() -> None:
    schema = Schema((Field("began", "开始", kind="moment"),))
    kept = schema.stored(schema.read({"began": "2026-03-01 09:30"})[0])
    form = type("Form", (EntryForm,), {"declared": schema.fields})(initial=schema.shown(schema.taken(kept)))
    value = re.search(r'type="datetime-local" name="began" value="([^"]*)"', str(form))
    assert value is not None
    assert value[1] == "2026-03-01T09:30"
    assert schema.stored(schema.read({"began": value[1]})[0]) == kept
