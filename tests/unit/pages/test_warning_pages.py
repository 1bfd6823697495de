"""The list, the dossier, the acts, the overview and the to-do page: what they show and whom they refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from tests import neighbours
from tests.hats import staff
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, AlarmState, Filing, Shelving, SuppressionRule
from anlan.apps.delivery.models import Message, Notice
from anlan.apps.findings.models import Finding
from anlan.apps.identification.models import Identification
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import services
from anlan.apps.warnings.models import Origin, SiteOrder, Warning
from anlan.pages.warnings.timeline import FUTURE, NOW, lines
from anlan.rules import calendar

pytestmark = pytest.mark.django_db

HX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def world() -> World:
    """One orange warning at the first plant, held by hand and older than its first notice; no alarm stands."""
    found = neighbours.build(clock.now(), warn=False)
    Alarm.objects.by_the_machine().update(state=AlarmState.CLEARED, cleared_at=found.now)
    source = found.plants["a1"].source
    at = clock.now() - timedelta(minutes=70)
    services.set_level(source, "orange", at=at, origin=Origin.LOADED, reasons=[{"title": "示例：高高报"}])
    while obligations.run_due(clock.now(), 50):
        continue
    return found


@pytest.fixture
def warning(world: World) -> Warning:
    found: Warning = Warning.objects.by_the_machine().get(source=world.plants["a1"].source)
    return found


def act(client: Client, warning: Warning, verb: str, **values: str) -> int:
    return client.post(f"/warnings/{warning.number}/{verb}/", values).status_code


def test_the_timeline_runs_from_the_first_telling_over_now_to_what_is_still_to_come(
    world: World, warning: Warning
) -> None:
    found = lines(warning, clock.now())
    tenses = [line.tense for line in found]
    assert tenses.index(NOW) < tenses.index(FUTURE)
    assert found[0].title.startswith("发布橙色预警（较大风险），告知 ")
    assert found[0].level == "orange"
    assert "第六条" in found[0].law
    assert found[1].title.startswith("第 1 次警示通报 → ")
    ahead = [line for line in found if line.tense == FUTURE]
    assert [line.title.split(" ")[0:2] for line in ahead[:2]] == [["第", "2"], ["第", "3"]]
    assert any("现场核查督办" in line.title for line in ahead)
    assert all("第十一条" in line.law for line in ahead)


def test_a_cleared_and_reported_warning_has_no_future_and_no_present(world: World, warning: Warning) -> None:
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    services.submit_report(warning, by=staff(warning, "示例"), at=clock.now(), result="好", cause="阀", measures="换")
    warning.refresh_from_db()
    found = lines(warning, clock.now())
    assert {line.tense for line in found} == {"past"}
    assert [line.title for line in found if "确认" in line.title] == ["系统自动确认（本地设定）"]
    assert world.client("county").get(f"/warnings/{warning.number}/").context["readers"] == 0


@pytest.mark.case("F22")
def test_what_ends_a_warning_stands_after_what_ended_it(world: World, warning: Warning) -> None:
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    services.submit_report(warning, by=staff(warning, "示例"), at=clock.now(), result="好", cause="阀", measures="换")
    warning.refresh_from_db()
    titles = [line.title for line in lines(warning, clock.now())]
    assert titles[-1] == "办结"
    assert "处置报告" in titles[-2]


@pytest.mark.case("F22")
def test_a_limit_is_not_called_the_time_of_sending(world: World, warning: Warning) -> None:
    """The reminder of a report goes out at the clearing; what stands an hour later is the limit of the report."""
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    notice = Notice.objects.by_the_machine().get(subject=warning.subject, kind="report_due")
    assert notice.should_go_at == notice.sent_at < notice.due_at
    html = world.client("county").get(f"/warnings/{warning.number}/").content.decode()
    due = calendar.civil(notice.due_at)
    assert f"上报时限 {due:%Y-%m-%d %H:%M:%S}" in html
    ways = html[html.index('id="recipients"') : html.index('id="alarms"')]
    assert f"{due:%H:%M:%S}" not in ways


def test_a_ground_that_several_alarms_bear_out_is_said_once(world: World, warning: Warning) -> None:
    reasons = [{"rule": "beyond", "level": "orange", "title": "超出高高限", "points": [n]} for n in ("a", "b")]
    Warning.objects.by_the_machine().filter(pk=warning.pk).update(reasons=reasons)
    html = world.client("county").get(f"/warnings/{warning.number}/").content.decode()
    assert "定级依据：超出高高限 <" in html


def test_the_holder_confirms_and_the_officer_may_not(world: World, warning: Warning) -> None:
    refused = Entry.objects.filter(act="access_refused").count()
    assert act(world.client("county"), warning, "confirm") == 403
    assert Entry.objects.filter(act="access_refused").count() == refused + 1
    assert act(world.client("stranger"), warning, "confirm") == 404
    assert warning.confirmations.count() == 0
    assert act(world.client("holder"), warning, "confirm", text="已派人") == 302
    assert act(world.client("holder"), warning, "confirm") == 302  # once more changes nothing
    assert warning.confirmations.count() == 1


def test_an_act_kept_on_a_phone_is_answered_by_whether_the_server_has_it(world: World, warning: Warning) -> None:
    kept = {"headers": {"Anlan-Kept": "1"}}
    address = f"/warnings/{warning.number}"
    assert Client().post(f"{address}/confirm/", {}, **kept).status_code == 401  # to be sent again after a log-in
    assert warning.confirmations.count() == 0
    holder = world.client("holder")
    assert [holder.post(f"{address}/confirm/", {}, **kept).status_code for _ in range(2)] == [204, 204]
    assert warning.confirmations.count() == 1
    refused = holder.post(f"{address}/measure/", {}, **kept)
    assert (refused.status_code, "填写" in refused.content.decode()) == (422, True)
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    assert holder.post(f"{address}/confirm/", {}, **kept).status_code == 204


@pytest.mark.parametrize("verb", ["measure", "clear", "report", "answer", "delegate"])
def test_an_officer_of_the_county_does_not_act_for_the_enterprise_or_the_city(
    world: World, warning: Warning, verb: str
) -> None:
    assert act(world.client("county"), warning, verb, text="x") == 403


def test_an_act_that_does_not_exist_is_not_found_and_reading_its_address_does_nothing(
    world: World, warning: Warning
) -> None:
    holder = world.client("holder")
    assert act(holder, warning, "explode") == 404
    assert holder.get(f"/warnings/{warning.number}/confirm/").status_code == 302
    assert warning.confirmations.count() == 0


def test_a_report_without_its_cause_comes_back_with_a_sentence_beside_the_field(world: World, warning: Warning) -> None:
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    holder = world.client("holder")
    response = holder.post(
        f"/warnings/{warning.number}/report/", {"result": "已恢复", "cause": " ", "measures": "换阀"}
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert "请填写原因分析" in page
    assert "已恢复</textarea>" in page
    assert warning.acts.filter(kind="report_refused").count() == 1
    assert act(holder, warning, "report", result="已恢复", cause="阀门内漏", measures="换阀") == 302
    assert warning.report.cause == "阀门内漏"


def test_who_comes_after_the_clearing_is_told_so_and_changes_nothing(world: World, warning: Warning) -> None:
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    holder = world.client("holder")
    response = holder.post(f"/warnings/{warning.number}/measure/", {"text": "关阀"}, follow=True)
    assert "预警已解除，没有改动。" in response.content.decode()
    assert not warning.acts.filter(kind="measure").exists()


def test_a_site_order_is_answered_by_its_tracker_alone_with_all_its_texts(world: World) -> None:
    source = world.plants["a2"].source
    services.set_level(source, "orange", at=clock.now() - timedelta(hours=13), origin=Origin.LOADED)
    while obligations.run_due(clock.now(), 50):
        continue
    order = SiteOrder.objects.by_the_machine().get(warning__source=source)
    texts = {"persons": "示例甲", "findings": "泄漏", "measures": "停产", "result": "已停"}
    assert act(world.client("county"), order.warning, "answer", **texts) == 403
    city = world.client("city")
    assert act(city, order.warning, "answer", **{**texts, "result": ""}) == 422
    assert act(city, order.warning, "delegate", agency=str(world.agencies["county-a"].pk)) == 302
    assert act(world.client("county"), order.warning, "answer", **texts) == 302  # now the county may
    again = {**texts, "result": "另一个结果"}
    assert act(world.client("county"), order.warning, "answer", **again) == 403  # an answer is given once
    order.refresh_from_db()
    assert order.result == "已停"
    assert order.executor == world.agencies["county-a"]


@pytest.mark.case("G10")
def test_a_dossier_that_is_fetched_is_not_read_and_one_that_is_seen_is(world: World, warning: Warning) -> None:
    """Mail scanners and link previews fetch; the page that a person sees says so by a POST of its own."""
    client = world.client("holder")
    html = client.get(f"/warnings/{warning.number}/").content.decode()
    assert f'hx-post="/warnings/{warning.number}/read/"' in html
    mine = Message.objects.by_the_machine().filter(person=world.users["holder"].person)
    assert mine.exists()
    assert not mine.filter(read_at__isnull=False).exists()
    assert client.get(f"/warnings/{warning.number}/read/").status_code == 405
    assert client.post(f"/warnings/{warning.number}/read/").status_code == 200
    first = list(mine.values_list("pk", "read_at"))
    assert None not in dict(first).values()
    assert client.post(f"/warnings/{warning.number}/read/").status_code == 200
    assert list(mine.values_list("pk", "read_at")) == first
    assert "/read/" not in client.get(f"/warnings/{warning.number}/").content.decode()


def test_opening_the_dossier_reads_the_messages_of_the_one_who_opens_it(world: World, warning: Warning) -> None:
    world.client("holder").post(f"/warnings/{warning.number}/read/")
    read = Message.objects.by_the_machine().filter(read_at__isnull=False)
    people = {message.recipient_kind for message in read}
    assert people <= {"person", "enterprise"}
    world.client("city").get(f"/warnings/{warning.number}/", **HX)  # a live refresh is not an opening
    assert not read.filter(recipient="agency:city-1").exists()
    world.client("city").post(f"/warnings/{warning.number}/read/")
    assert read.filter(recipient="agency:city-1").exists()


def test_the_overview_counts_what_is_in_scope_and_says_what_comes_next(world: World, warning: Warning) -> None:
    page = world.client("city").get("/").content.decode()
    assert warning.number in page
    assert "第 2 次警示通报" in page
    assert "引擎未应答" in page or not warning.first_out
    stranger = world.client("stranger").get("/").content.decode()
    assert warning.number not in stranger
    assert "没有正在处置的预警" in stranger


def test_the_wall_shows_the_same_warning_for_the_same_scope(world: World, warning: Warning) -> None:
    name = str(world.plants["a1"].enterprise)
    assert name in world.client("city").get("/wall/").content.decode()
    assert name not in world.client("stranger").get("/wall/").content.decode()


def test_the_to_do_page_asks_the_holder_to_confirm_and_nobody_else(world: World, warning: Warning) -> None:
    Alarm.objects.by_the_machine().update(acknowledged_at=world.now)
    Identification.objects.by_the_machine().update(state="returned")
    holder = world.client("holder")
    assert "1 件事等您" in holder.get("/todo/").content.decode()
    act(holder, warning, "confirm")
    assert "您已确认，处置到消警为止" in holder.get("/todo/").content.decode()
    county = world.client("county")
    assert "您尚未确认" not in county.get("/todo/").content.decode()
    for waiting in (Filing, Shelving, SuppressionRule):
        waiting.objects.update(state="withdrawn")
    Finding.objects.by_the_machine().update(state="closed")
    Message.objects.by_the_machine().update(read_at=world.now)
    assert "1 条预警处置中" in county.get("/todo/").content.decode(), "confirmed: followed until it is cleared"
    services.clear(warning, by=staff(warning, "示例"), at=clock.now())
    Message.objects.by_the_machine().update(read_at=world.now)
    assert "没有待办" in county.get("/todo/").content.decode()


def test_the_list_narrows_by_level_and_state_and_goes_out_as_a_workbook(world: World, warning: Warning) -> None:
    city = world.client("city")
    assert warning.number in city.get("/warnings/?level=orange&state=open").content.decode()
    assert "没有符合条件的预警" in city.get("/warnings/?level=red").content.decode()
    assert warning.number in city.get("/warnings/?state=unconfirmed", **HX).content.decode()
    response = city.get("/warnings/?format=xlsx")
    assert response["Content-Type"].endswith("sheet")


def test_search_finds_what_is_in_scope_and_opens_an_exact_number(world: World, warning: Warning) -> None:
    city = world.client("city")
    assert city.get(f"/search/?q={warning.number}").status_code == 302
    enterprise = world.plants["a1"].enterprise
    assert enterprise.name in city.get(f"/search/?q={enterprise.code}").content.decode()
    stranger = world.client("stranger").get(f"/search/?q={enterprise.code}").content.decode()
    assert "没有找到" in stranger
