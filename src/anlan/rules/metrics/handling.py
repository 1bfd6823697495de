"""The metrics of 预警处置: 预警信息处置管理办法 第十六条 (ranked periodically) and 信息通报制度 第五条 (daily)."""

from __future__ import annotations

from anlan.rules.metrics.metric import Metric, MetricUnit, count, minutes, share
from anlan.rules.ranking import Direction
from anlan.rules.rulebook import LOCAL_LABEL

_RANKED = "预警信息处置管理办法 第十六条"
_DAILY = "信息通报制度 第五条"
_REPORT = "预警信息处置管理办法 第九条、第十六条"
_CONFIRM = "预警信息处置管理办法 第八条"
_ORDER = "预警信息处置管理办法 第十三条、第十六条"

_ALL = (
    Metric(
        "warnings_raised", "预警数", MetricUnit.COUNT, Direction.WORST_FIRST, _RANKED,
        "期内发生的预警条数，四个级别都计；一个危险源从无预警到消警为一条。", "期内发生的预警", "",
        count(lambda f: f.warnings), "warnings",
    ),
    Metric(
        "downgrade_minutes", "平均降级用时", MetricUnit.MINUTES, Direction.WORST_FIRST, _RANKED,
        "期内降级（含消警）的红、橙、黄级别段，从进入该级别到降级的平均时长。升级结束的级别段不计。",
        "各段时长之和", "期内降级的级别段", minutes(lambda f: f.downgrade_us, lambda f: f.downgrades), "downgrades",
    ),
    Metric(
        "report_on_time_rate", "处置报告按时率", MetricUnit.PERCENT, Direction.BEST_FIRST, _REPORT,
        "时限在期内的处置报告中，在时限内上报的比例；时限未到且未上报的不计。",
        "按时上报的报告", "应上报的报告", share(lambda f: f.reports_on_time, lambda f: f.reports_settled), "reports",
    ),
    Metric(
        "reports_late", "处置报告逾期上报", MetricUnit.COUNT, Direction.WORST_FIRST, _REPORT,
        "时限在期内、时限过后才上报的处置报告。", "逾期上报的报告", "", count(lambda f: f.reports_late), "reports",
    ),
    Metric(
        "reports_overdue", "处置报告逾期未报", MetricUnit.COUNT, Direction.WORST_FIRST, _REPORT,
        "时限在期内、至今仍未上报的处置报告。", "逾期未报的报告", "", count(lambda f: f.reports_overdue), "reports",
    ),
    Metric(
        "notices_sent", "警示通报数", MetricUnit.COUNT, Direction.WORST_FIRST, _RANKED,
        "期内发出的警示通报；一次通报发给几个单位都只计一次，计在企业登记的监管部门；停机后合并的一份计一次。",
        "期内发出的警示通报", "", count(lambda f: f.notices), "notices",
    ),
    Metric(
        "orders_answered_rate", "核查督办按时反馈率", MetricUnit.PERCENT, Direction.BEST_FIRST, _ORDER,
        "期内下达的现场核查督办中，在反馈时限（本地设定）内反馈的比例；时限未到且未反馈的不计。",
        "按时反馈的督办", "已反馈或已到反馈时限的督办", share(lambda f: f.orders_in_time, lambda f: f.orders), "orders",
    ),
    Metric(
        "orders_open", "未反馈督办", MetricUnit.COUNT, Direction.WORST_FIRST, _ORDER,
        "期末前下达、至今没有反馈的现场核查督办，预警已消警的也计。", "未反馈的督办", "",
        count(lambda f: f.orders_open), "open_orders",
    ),
    Metric(
        "confirm_minutes", "平均确认用时", MetricUnit.MINUTES, Direction.WORST_FIRST, _CONFIRM,
        "期内发生的预警从发生到包保责任人首次确认的平均时长；系统自动确认的不计。",
        "各条时长之和", "有人确认的预警", minutes(lambda f: f.confirm_us, lambda f: f.confirmed), "confirmations",
    ),
    Metric(
        "confirmed_automatically", "自动确认数", MetricUnit.COUNT, Direction.WORST_FIRST, LOCAL_LABEL,
        "期内发生、无人确认即消警而由系统自动确认的预警。", "自动确认的预警", "",
        count(lambda f: f.confirmed_automatically), "confirmations",
    ),
    Metric(
        "alarms_raised", "报警数", MetricUnit.COUNT, Direction.WORST_FIRST, _DAILY,
        "期内成立的越限报警（高限、低限两侧）；数据异常不计。", "期内成立的报警", "",
        count(lambda f: f.alarms), "alarms",
    ),
    Metric(
        "alarms_cleared", "消警数", MetricUnit.COUNT, Direction.BEST_FIRST, _DAILY,
        "期内成立的越限报警中，到取数时已恢复且已确认的。", "已恢复且已确认的报警", "",
        count(lambda f: f.alarms_cleared), "alarms",
    ),
    Metric(
        "alarm_clear_rate", "消警率", MetricUnit.PERCENT, Direction.BEST_FIRST, _DAILY,
        "消警数与报警数之比。", "消警数", "报警数", share(lambda f: f.alarms_cleared, lambda f: f.alarms), "alarms",
    ),
    Metric(
        "alarms_uncleared", "未消警数", MetricUnit.COUNT, Direction.WORST_FIRST, _DAILY,
        "期末前成立、到取数时未恢复或未确认的越限报警，往期的也计，直到消警。", "未消警的报警", "",
        count(lambda f: f.alarms_uncleared), "uncleared_alarms",
    ),
    Metric(
        "larger_warnings", "较大及以上预警", MetricUnit.COUNT, Direction.WORST_FIRST, _DAILY,
        "曾达橙色或红色的预警：期内发生的，和期前发生、期初仍未办结的，直到办结。", "较大及以上预警", "",
        count(lambda f: f.larger), "larger_warnings",
    ),
    Metric(
        "larger_closed_rate", "较大及以上预警办结率", MetricUnit.PERCENT, Direction.BEST_FIRST, _DAILY,
        "较大及以上预警中，到取数时已办结（消警、已报告、督办已反馈）的比例。", "已办结的", "较大及以上预警",
        share(lambda f: f.larger_closed, lambda f: f.larger), "larger_warnings",
    ),
)  # fmt: skip

HANDLING_METRICS: dict[str, Metric] = {metric.id: metric for metric in _ALL}

HANDLING = ("warnings_raised", "downgrade_minutes", "report_on_time_rate", "notices_sent", "orders_answered_rate",
            "confirm_minutes", "confirmed_automatically", "reports_late", "reports_overdue", "orders_open")  # fmt: skip
"""Columns of the periodic table of handling and supervision (WRN-17)."""

DAILY = ("alarms_raised", "alarms_cleared", "alarm_clear_rate", "alarms_uncleared", "larger_warnings",
         "larger_closed_rate")  # fmt: skip
"""Columns of the daily 报警消警、预警处置 of a county or park (WRN-21)."""
