"""A city's problem at a subsidiary of a group."""

from __future__ import annotations

import pytest

from anlan.rules.problem_routing import Found, Part, problem_recipients


@pytest.mark.req("ORG-04")
def test_county_and_park_handle_the_group_is_told_the_section_has_a_copy_and_the_enterprise_feeds_back() -> None:
    found = Found(enterprise="子公司", county="C", park="园区", group="G", section="危化科")
    assert problem_recipients(found) == [
        ("C", Part.HANDLE),
        ("园区", Part.HANDLE),
        ("G", Part.NOTIFIED),
        ("危化科", Part.COPY),
        ("子公司", Part.FEED_BACK),
    ]


def test_without_park_and_group_nobody_stands_in_for_them() -> None:
    found = Found(enterprise="企业", county="C", park=None, group=None, section="危化科")
    assert [part for _unit, part in problem_recipients(found)] == [Part.HANDLE, Part.COPY, Part.FEED_BACK]
