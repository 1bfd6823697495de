"""Tests the whole way (全程测试), from a sample to a person's telephone, by the real processes, step by step.

Each step looks at what that process itself left: the intake's answer, the log's newest record, the engine's mark of the
gateway, the alarm, the outbox's rows, the channel's receipt. Rows alone say how far a test is, so whoever looks next
goes on with it; a repeat does nothing twice. The telling says 【测试】 and goes to the tester alone. Grading and the
steps of a warning are not part of it: no alarm of the test point starts a warning (`unit`); drills show those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.delivery import kinds as notice_kinds
from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.models import TAKEN, Delivery, DeliveryState, Message
from anlan.apps.gateways.models import GatewayLink, WayStep, WayTest
from anlan.apps.gateways.selectors.log_state import log_state
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.models import Person
from anlan.apps.registry.models import Enterprise
from anlan.pages.way import unit as way_unit
from anlan.refused import Refused
from anlan.rules.calendar import civil

PATIENCE = timedelta(seconds=60)
"""A step that gets nowhere for so long has failed, and the test with it (本地设定)."""
RECEIPT_PATIENCE = timedelta(minutes=10)
"""So long the tester has to say that the letter came, where no channel reports it (本地设定)."""
AGAIN = timedelta(seconds=3)
"""Another sample is sent when the engine has not made an alarm of the last one, which it may have read before it knew
the point."""
REMEDY = {
    WayStep.SAMPLE: gettext_lazy("看接入是否在运行、地址与端口是否可达"),
    WayStep.LOG: gettext_lazy("看日志服务是否在运行、磁盘是否已满"),
    WayStep.ENGINE: gettext_lazy("看报警引擎是否在运行、是否落后（运行状态页）"),
    WayStep.ALARM: gettext_lazy("看报警引擎的运行日志"),
    WayStep.WARNING: gettext_lazy("看数据库是否可写"),
    WayStep.DELIVERY: gettext_lazy("看通知渠道页的最近错误，核对本人的联系方式"),
    WayStep.RESTORED: gettext_lazy("看报警引擎的运行日志"),
    WayStep.RECEIPT: gettext_lazy("看手机是否收到；收到了却没有回执，看渠道的回执设置"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a step found: over and well, or what it waits for; ``failed``: waiting is no use."""

    words: str
    done: bool = False
    failed: bool = False


def start(person: Person, *, by: Actor, at: datetime) -> WayTest:
    """Begin a test whose telling goes to ``person``. Raises `Refused` while another one runs.

    One at which nobody has looked for longer than any step may take was left behind: it ends here.
    """
    try:
        with transaction.atomic():
            left = WayTest.objects.by_the_machine().filter(running="x", moved_at__lt=at - RECEIPT_PATIENCE).first()
            if left is not None:
                _finish(left, at, by)
            run = WayTest.objects.create(person=person, started_by=by.id, started_at=at, moved_at=at)
            run.key = way_unit.put_into_use(by, at)
            run.save(update_fields=["key"])
            journal.record(
                delivery.PLATFORM, "way_test_started", at=at, actor=by.id, subject=f"way:{run.pk}",
                after={"person": person.code},
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("已有一次全程测试在进行，请等它结束")) from None
    return run


def advance(run: WayTest, now: datetime) -> WayTest:
    """Look at the running step and write down what came of it; of two who look at once one writes."""
    step = run.step
    if step is None:
        return run
    look = _LOOKS[step](run, now)
    limit = RECEIPT_PATIENCE if step is WayStep.RECEIPT else PATIENCE
    failed = look.failed or (not look.done and now - run.moved_at >= limit)
    mine = WayTest.objects.by_the_machine().filter(pk=run.pk, moved_at=run.moved_at, running="x")
    if not look.done and not failed:
        mine.update(waiting=look.words[:300], sent_at=run.sent_at)
    else:
        words = look.words if look.done else f"{look.words}。{REMEDY[step]}"
        steps = [*run.steps, {"step": str(step), "at": now.isoformat(), "done": look.done, "words": words[:300]}]
        with transaction.atomic():
            if mine.update(steps=steps, moved_at=now, waiting="", sent_at=run.sent_at):
                run.refresh_from_db()
                if step is WayStep.DELIVERY and not look.done:
                    way_unit.send(way_unit.NORMAL, run.key, now)
                if failed or len(steps) == len(WayStep):
                    _finish(run, now)
    run.refresh_from_db()
    return run


def received(run: WayTest, *, by: Actor, at: datetime) -> bool:
    """The tester says that the letter came. False when that was known, or nothing was sent."""
    message = _message(run)
    return message is not None and delivery.mark_read(message, by=by, at=at)


def stop(run: WayTest, *, by: Actor, at: datetime) -> bool:
    """End a running test before its time; False when it had ended."""
    with transaction.atomic():
        if not WayTest.objects.by_the_machine().filter(pk=run.pk, running="x").exists():
            return False
        _finish(run, at, by)
    return True


def _finish(run: WayTest, at: datetime, by: Actor = SYSTEM) -> None:
    WayTest.objects.by_the_machine().filter(pk=run.pk).update(running=None, finished_at=at, key="", waiting="")
    way_unit.put_out_of_use()
    after = {"steps": [f"{each['step']}: {'done' if each['done'] else 'failed'}" for each in run.steps]}
    journal.record(delivery.PLATFORM, "way_test_ended", at=at, actor=by.id, subject=f"way:{run.pk}", after=after)


def _sample(run: WayTest, now: datetime) -> Look:
    answer = way_unit.send(way_unit.HIGH, run.key, now)
    if answer.taken:
        run.sent_at = now
    return Look(answer.words, answer.taken)


def _log(run: WayTest, now: datetime) -> Look:
    state = log_state()
    if state is None:
        return Look(_("日志服务没有应答"))
    newest = f"{civil(state.newest_at):%H:%M:%S}" if state.newest_at else "–"
    words = _("接入写盘之后才应答；日志服务应答，已到第 %(seq)s 条，最新写于 %(at)s") % {
        "seq": state.last_seq,
        "at": newest,
    }
    sent_at = run.sent_at or now
    return Look(words, state.newest_at is not None and state.newest_at >= sent_at - timedelta(seconds=1))


def _engine(run: WayTest, now: datetime) -> Look:
    link = GatewayLink.objects.by_the_machine().filter(gateway__code=way_unit.GATEWAY).first()
    heard = link.last_received_at if link is not None else None
    if heard is None or heard < run.started_at - timedelta(seconds=1):
        return Look(_("引擎还没有读到测试网关的报文"))
    return Look(_("引擎已读到测试网关 %(at)s 的报文") % {"at": f"{civil(heard):%H:%M:%S}"}, done=True)


def _alarm(run: WayTest, now: datetime) -> Look:
    row = _alarms(run).order_by("-raised_at").first()
    if row is None:
        _send_again(run, way_unit.HIGH, now)
        return Look(_("引擎还没有为测试点报警"))
    words = _("测试点 %(level)s 报警，发生于 %(at)s")
    return Look(words % {"level": row.level, "at": f"{civil(row.raised_at):%H:%M:%S}"}, done=True)


def _warning(run: WayTest, now: datetime) -> Look:
    if _message(run) is None:
        enterprise = Enterprise.objects.by_the_machine().get(code=way_unit.ENTERPRISE)
        to = delivery.To(f"person:{run.person.code}", run.person.name, _("测试人"), person_id=run.person_id)
        began = f"{civil(run.started_at):%Y-%m-%d %H:%M:%S}"
        draft = delivery.Draft(
            key=_key(run), kind=notice_kinds.TEST, subject=_key(run), enterprise=enterprise, source_id=None,
            level="", due_at=now, sent_at=now, to=(to,), title=_("【测试】全程测试，不是预警"),
            body=_("%(at)s 开始的全程测试到这里为止都通。收到请在全程测试页点“我收到了”。") % {"at": began},
            article="本地设定",
        )  # fmt: skip
        try:
            with transaction.atomic():
                delivery.post(draft)
        except IntegrityError:
            return Look(_("另一处正在写测试告知"))
    return Look(_("已写下给 %(name)s 的测试告知；测试不启动预警与时钟") % {"name": run.person.name}, done=True)


def _delivery(run: WayTest, now: datetime) -> Look:
    rows = list(Delivery.objects.filter(message__notice__key=_key(run)).order_by("pk"))
    if not rows:
        ways = delivery.addressed()
        words = _("本人没有可用的联系方式") if ways else _("没有设置到人的外部渠道，消息只在站内")
        return Look(words, failed=True)
    said = "；".join(f"{delivery.title_of(row.channel)} {row.sent_to}：{_state(row)}" for row in rows)
    if any(row.state in TAKEN for row in rows):
        return Look(said, done=True)
    return Look(said, failed=all(row.state == DeliveryState.FAILED for row in rows))


def _restored(run: WayTest, now: datetime) -> Look:
    if not _alarms(run).filter(state=AlarmState.ACTIVE).exists():
        return Look(_("测试点恢复正常，报警已解除"), done=True)
    _send_again(run, way_unit.NORMAL, now)
    return Look(_("已送正常值，等引擎解除报警"))


def _receipt(run: WayTest, now: datetime) -> Look:
    message = _message(run)
    if message is not None and message.read_at is not None:
        return Look(_("%(who)s 确认收到") % {"who": message.recipient_name}, done=True)
    rows = Delivery.objects.filter(message__notice__key=_key(run), delivered_at__isnull=False)
    row = rows.order_by("delivered_at").first()
    if row is not None and row.delivered_at is not None:
        words = _("%(way)s 回执：%(at)s 送达")
        at = f"{civil(row.delivered_at):%H:%M:%S}"
        return Look(words % {"way": delivery.title_of(row.channel), "at": at}, done=True)
    return Look(_("等回执，或本人点“我收到了”"))


def _send_again(run: WayTest, value: float, now: datetime) -> None:
    due = run.sent_at is None or now - run.sent_at >= AGAIN
    if due and way_unit.send(value, run.key, now).taken:
        run.sent_at = now


def _alarms(run: WayTest) -> QuerySet[Alarm]:
    rows = Alarm.objects.by_the_machine().filter(point__code=way_unit.POINT)
    return rows.filter(raised_at__gte=run.started_at - timedelta(seconds=1))


def _message(run: WayTest) -> Message | None:
    rows = Message.objects.by_the_machine().filter(notice__key=_key(run))
    return rows.select_related("notice", "enterprise").first()


def _key(run: WayTest) -> str:
    return f"way:{run.pk}"


def _state(row: Delivery) -> str:
    return f"{row.get_state_display()}{'（' + row.error[:80] + '）' if row.error else ''}"


_LOOKS: dict[WayStep, Callable[[WayTest, datetime], Look]] = {
    WayStep.SAMPLE: _sample,
    WayStep.LOG: _log,
    WayStep.ENGINE: _engine,
    WayStep.ALARM: _alarm,
    WayStep.WARNING: _warning,
    WayStep.DELIVERY: _delivery,
    WayStep.RESTORED: _restored,
    WayStep.RECEIPT: _receipt,
}
