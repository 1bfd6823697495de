"""Whatever happens in whatever order, the law holds: a stateful property test over the real services."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.acceptance.worlds import at, scenario
from tests.conftest import LONG
from tests.hats import called, holder, staff

from anlan.apps.delivery.models import Message, Notice
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.registry import services as registry
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Confirmation, LevelEpisode, SiteOrder, Warning
from anlan.apps.warnings.selectors.audit import without_next_step
from anlan.refused import Refused

LEVELS = ["red", "orange", "yellow", "blue", "none"]
ALLOWED = {
    "red": {"main", "technical", "operations", "zz", "bg", "jc", "sx", "mem"},
    "orange": {"main", "technical", "operations", "zz", "bg", "jc"},
    "yellow": {"main", "technical", "operations", "zz", "bg"},
    "blue": {"main", "technical", "operations"},
}
NOTICE_TO = {"red": {"agency:jc"}, "orange": {"agency:zz", "agency:bg"}}


class Law(RuleBasedStateMachine):
    """One source, people, a clock that may be down, and time that only goes on (or steps back a little)."""

    @initialize()
    def world(self) -> None:
        from anlan.drill.world import build

        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.drilled = build(scenario(park=True))
        self.source: Any = self.drilled.sources["s1"]
        self.now = at("08:00")
        self.up = True
        self.reached: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    def open(self) -> Warning | None:
        return Warning.objects.by_the_machine().filter(source=self.source, cleared_at__isnull=True).first()

    @rule(level=st.sampled_from(LEVELS))
    def grading_says(self, level: str) -> None:
        warnings.set_level(self.source, level, at=self.now)

    @rule(minutes=st.integers(1, 45))
    def time_passes(self, minutes: int) -> None:
        end = self.now + timedelta(minutes=minutes)
        while self.now < end:
            due = Obligation.objects.by_the_machine().filter(state=ObligationState.PENDING).order_by("due_at").first()
            soonest = due.due_at if due is not None and self.up else end
            self.now = min(end, max(self.now, soonest))
            if self.up:
                obligations.run_due(self.now, grace=timedelta(0))

    @rule(hours=st.integers(2, 30))
    def long_outage(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        if self.up:
            obligations.run_due(self.now, grace=timedelta(0))

    @rule()
    def clock_dies_or_returns(self) -> None:
        self.up = not self.up
        if self.up:
            obligations.run_due(self.now, grace=timedelta(0))

    @rule(name=st.sampled_from("甲乙丙丁"))
    def somebody_confirms(self, name: str) -> None:
        warning = self.open()
        if warning is not None:
            self.tried(lambda: warnings.confirm(warning, by=holder(warning, self.person(name)), at=self.now))

    @rule(post=st.sampled_from(["main", "technical", "operations"]), name=st.sampled_from([*"甲乙丙丁戊", None]))
    def a_holder_changes(self, post: str, name: str | None) -> None:
        person = None if name is None else self.person(name)
        registry.replace_holder(self.source, post, person, by=called("test"), at=self.now)

    @rule()
    def somebody_clears(self) -> None:
        warning = self.open()
        if warning is not None:
            self.tried(lambda: warnings.clear(warning, by=staff(warning, "person:x"), at=self.now))

    @rule(cause=st.sampled_from(["阀门内漏", ""]))
    def the_enterprise_reports(self, cause: str) -> None:
        warning = Warning.objects.by_the_machine().filter(cleared_at__isnull=False).order_by("-pk").first()
        if warning is not None:
            texts = {"result": "已处置", "cause": cause, "measures": "更换阀门"}
            self.tried(lambda: warnings.submit_report(warning, by=staff(warning, "x"), at=self.now, **texts))

    @rule()
    def a_clock_looks_twice(self) -> None:
        if self.up:
            obligations.run_due(self.now, grace=timedelta(0))
            before = Notice.objects.by_the_machine().count()
            assert obligations.run_due(self.now, grace=timedelta(0)) == 0
            assert Notice.objects.by_the_machine().count() == before

    def person(self, name: str) -> Any:
        return self.drilled.person(self.source.enterprise, name)

    def tried(self, act: Any) -> None:
        with contextlib.suppress(Refused):  # a refusal is an answer; what it leaves is checked below
            act()

    @invariant()
    def one_open_episode(self) -> None:
        if not hasattr(self, "drilled"):
            return
        running = LevelEpisode.objects.by_the_machine().filter(ended_at__isnull=True)
        warning = self.open()
        assert [row.level for row in running] == ([warning.level] if warning is not None else [])

    @invariant()
    def every_clock_has_a_next_step(self) -> None:
        if hasattr(self, "drilled"):
            assert without_next_step() == []

    @invariant()
    def what_was_due_was_fired(self) -> None:
        if hasattr(self, "drilled") and self.up:
            late = Obligation.objects.by_the_machine().filter(state=ObligationState.PENDING, due_at__lt=self.now)
            assert not late.exists()

    @invariant()
    def every_step_stands_on_the_grid_of_its_episode_and_once(self) -> None:
        if not hasattr(self, "drilled"):
            return
        every = {"red": timedelta(minutes=30), "orange": timedelta(hours=1), "yellow": timedelta(hours=1)}
        steps: set[tuple[int, int]] = set()
        for row in Obligation.objects.by_the_machine().filter(kind="notice"):
            episode = LevelEpisode.objects.by_the_machine().get(pk=row.payload["episode"])
            assert row.due_at == episode.started_at + row.step * every[episode.level]
            assert (episode.pk, row.step) not in steps
            steps.add((episode.pk, row.step))

    @invariant()
    def nobody_outside_the_slots_was_sent_anything(self) -> None:
        if not hasattr(self, "drilled"):
            return
        for message in Message.objects.by_the_machine().select_related("notice"):
            kind, level = message.notice.kind, message.notice.level
            if kind in ("informed", "upgraded"):
                who = message.recipient.partition(":")[2]
                assert message.recipient_kind == "person" or who in ALLOWED[level]
            elif kind == "notice":
                assert message.recipient in NOTICE_TO.get(level, {f"enterprise:{self.source.enterprise.code}"})

    @invariant()
    def every_act_is_journaled(self) -> None:
        if not hasattr(self, "drilled"):
            return
        acts = Entry.objects.values_list("act", flat=True)
        confirmations = Confirmation.objects.by_the_machine().count()
        assert sum(act == "confirmed" for act in acts) == confirmations
        assert sum(act == "site_order_issued" for act in acts) == SiteOrder.objects.by_the_machine().count()
        sent = Notice.objects.by_the_machine().filter(kind="notice").count()
        assert sum(act == "notice_sent" for act in acts) == sent
        assert list(journal.broken()) == []


def _machine_runs(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Law,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.mark.reliability(44)
@pytest.mark.django_db
def test_the_law_holds_in_any_order() -> None:
    _machine_runs(examples=6, steps=15)


@pytest.mark.slow
@pytest.mark.reliability(44)
@pytest.mark.django_db
def test_the_law_holds_in_very_many_orders() -> None:
    _machine_runs(examples=500 if LONG else 100, steps=40)
