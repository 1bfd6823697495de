"""The signs of a broken transmitter, as people type them into the sheet of points."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest
from tests.unit.apps.enrolment.test_import import NOW, bring, refusals
from tests.unit.apps.enrolment.workbooks import WHOLE, book

from anlan.apps.registry.models import Point

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def with_signs(typed: object) -> bytes:
    """The register with the first point's signs of no value as typed."""
    sheets = deepcopy(WHOLE)
    sheets["点位"][0]["缺测值"] = typed
    return book(sheets)


@pytest.mark.case("A9")
@pytest.mark.parametrize(("typed", "kept"), [("-9999", "-9999"), (-9999, "-9999"), ("-9999；32767.0", "-9999;32767")])
def test_signs_are_kept_in_one_form(typed: object, kept: str) -> None:
    bring(book(WHOLE))
    done = bring(with_signs(typed), at=LATER)
    assert refusals(done.report) == {}
    assert Point.objects.order_by("pk").first().missing == kept  # type: ignore[union-attr]


@pytest.mark.case("A9")
@pytest.mark.parametrize(("typed", "why"), [("坏", "须是数值"), ("1.0", "在量程之内")])
def test_signs_that_cannot_be_are_refused_with_the_reason(typed: str, why: str) -> None:
    bring(book(WHOLE))
    [told] = refusals(bring(with_signs(typed), at=LATER).report).values()
    assert why in "".join(told)
    assert set(Point.objects.values_list("missing", flat=True)) == {""}
