"""Wherever the product names an article, it is that article, and the article says it.

Every text with an article in it, in code and templates, stands in `SAID` with the words of the article that bear it
out; so does every number of the rulebook. A text that is not there fails: an article says it, or it is marked as ours.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import anlan
from anlan.rules import rulebook
from anlan.rules.rulebook import Kind

SOURCE = Path(anlan.__file__).parent
ARTICLE = re.compile(r"第[一二三四五六七八九十]+条")
TEXTS = (Path(__file__).parent / "regulations.txt").read_text(encoding="utf-8")
HANDLING, PATROL, QUALITY, BULLETIN = "预警信息处置管理办法", "分级巡查抽查管理办法", "数据质量管理办法", "信息通报制度"

NUMBERS = {
    "warning.yellow.recipients": "黄色预警自动发送给企业重大危险源三级包保责任人和县（化工园区）应急管理部门",
    "warning.orange.recipients": "橙色预警自动发送给企业重大危险源三级包保责任人和县（化工园区）、市应急管理部门",
    "warning.red.recipients": "县（化工园区）、市、省应急管理部门，并自动发送应急管理部中国安科院安全生产风险监测预警",
    "warning.report.minutes": "企业消警后应在1小时内",
    "warning.report.texts": "上报处置结果、原因分析、整改措施",
    "warning.yellow.tracker": "县（化工园区）应急管理部门负责跟踪处置情况",
    "warning.yellow.notice_to": "自动向企业发出警示通报",
    "warning.yellow.first_notice_minutes": "1小时内未处置降级的",
    "warning.yellow.repeat_minutes": "在降级前，每小时推送1次",
    "warning.yellow.site_order_minutes": "对24小时内仍未降级的，组织现场核查督办",
    "warning.orange.tracker": "市应急管理部门负责跟踪处置情况",
    "warning.orange.notice_to": "自动向县（化工园区）应急管理部门发出警示通报",
    "warning.orange.first_notice_minutes": "1小时内未处置降级的",
    "warning.orange.repeat_minutes": "在降级前，每小时推送1次",
    "warning.orange.site_order_minutes": "对12小时内仍未降级的，组织现场核查督办",
    "warning.red.tracker": "省应急管理部门负责跟踪处置情况",
    "warning.red.notice_to": "自动向市应急管理部门发出警示通报",
    "warning.red.first_notice_minutes": "30分钟内未处置降级的",
    "warning.red.repeat_minutes": "在降级前，每30分钟推送1次",
    "warning.red.site_order_minutes": "对2小时内仍未降级的，组织现场核查督办",
    "patrol.ministry.daily": "应急管理部每日至少巡查5个省份",
    "patrol.province.daily": "省级应急管理部门每日至少巡查3个地市",
    "patrol.city.daily": "市级应急管理部门每日对辖区内的3个县（市）完成巡查",
    "patrol.items": "监测预警系统在线、视频在线、安全承诺、预警机制运行等情况",
    "spot_check.must_levels": "对重大、较大安全风险等级的企业，各级应急管理部门均需全部抽查",
    "spot_check.ministry.daily": "应急管理部、省级应急管理部门每日抽查不少于3家企业",
    "spot_check.province.daily": "应急管理部、省级应急管理部门每日抽查不少于3家企业",
    "spot_check.city.daily": "市级应急管理部门每日抽查不少于4家企业",
    "spot_check.county.daily": "县级应急管理部门每日抽查不少于5家企业",
    "spot_check.park.daily": "化工园区每日抽查不少于6家企业",
    "spot_check.items": "视频监控系统在线和完好、异常处置、值班值守、安全承诺、重大危险源包保责任落实等情况",
    "spot_check.flag_days": "7日内是否出现过较大及以上安全风险等级",
    "commitment.before": "每天上午10时前",
    "link.hours_per_day": "24小时安全运行和在线传输",
    "bulletin.top_places": "次数排名前10位的地市",
    "bulletin.criticise_months": "对连续2个月度排名前10位的地市进行通报批评",
    "bulletin.interview_months": "对连续3个月排名前10位的地市进行约谈",
}
"""By key of the rulebook: the words of its article."""

SAID: dict[str, tuple[str, ...]] = {
    "三项都须填写（第九条）": ("预警信息处置管理办法 第九条 上报处置结果、原因分析、整改措施",),
    "核查督办情况通过系统反馈（第十三条）": ("预警信息处置管理办法 第十三条 通过系统及时反馈预警信息核查督办情况",),
    "预警信息处置管理办法 第十六条": ("预警信息处置管理办法 第十六条 处置整改和督办的执行情况进行定期排名",),
    "信息通报制度 第五条": ("信息通报制度 第五条 辖区内企业报警消警、较大以上安全风险预警处置",),
    "预警信息处置管理办法 第九条、第十六条": ("预警信息处置管理办法 第九条 企业消警后应在1小时内",),
    "预警信息处置管理办法 第八条": ("预警信息处置管理办法 第八条 包保责任人应第一时间组织确认",),
    "预警信息处置管理办法 第十三条、第十六条": ("预警信息处置管理办法 第十三条 核查督办情况",),
    "信息通报制度 第四条、数据质量管理办法 第九条": (
        "信息通报制度 第四条 离线企业排名", "数据质量管理办法 第九条 及时向上级应急管理部门报备或反馈",
    ),
    "数据质量管理办法 第二条": ("数据质量管理办法 第二条 应按照真实、即时、完整、规范、准确的要求",),
    "数据质量管理办法 第三条": (
        "数据质量管理办法 第三条 企业基础数据、实时监测数据、视频监控数据以及安全承诺公告和重大危险源包保信息等数据",
    ),
    "数据质量管理办法 第四条": (
        "数据质量管理办法 第四条 接入范围应覆盖所有重大危险源以及全厂区可燃、有毒有害气体监测点位",
        "数据质量管理办法 第四条 储罐、装置和仓库的名称应规范准确、清晰可区分、位置明确",
    ),
    "数据质量管理办法 第五条": (
        "数据质量管理办法 第五条 应标明设备设施类型、物料介质及其形态",
        "数据质量管理办法 第五条 设置符合逻辑且反映生产安全临界状态的阈值范围",
        "数据质量管理办法 第五条 同类监测数据的名称应明确区分",
        "数据质量管理办法 第五条 应明确关联相关设备、设施、位置等具体信息",
    ),
    "数据质量管理办法 第六条": ("数据质量管理办法 第六条 关键风险部位及中控室人员值班状态",),
    "数据质量管理办法 第十条": ("数据质量管理办法 第十条 24小时安全运行和在线传输",),
    "数据质量管理办法 第八条": (
        "数据质量管理办法 第八条 不得擅自停用、摘除、损毁监测预警设备设施",
        "数据质量管理办法 第八条 不得擅自变动监测预警设备设施的布局和点位",
    ),
    "数据质量管理办法 第七条": (
        "数据质量管理办法 第七条 每天上午10时前在监测预警系统录入风险研判信息，由主要负责人进行安全生产承诺",
        "数据质量管理办法 第七条 承诺信息应全面如实反映当天的生产作业情况",
    ),
    "数据质量管理办法 第七条：每日 10 点前录入研判并由主要负责人承诺": (
        "数据质量管理办法 第七条 每天上午10时前在监测预警系统录入风险研判信息，由主要负责人进行安全生产承诺",
    ),
}  # fmt: skip
"""A sentence of the product that names an article: document, article and words of it that bear the sentence out."""


def articles() -> dict[tuple[str, str], str]:
    """The text of every article, by document and number; white space left out."""
    found, document = {}, ""
    for line in TEXTS.splitlines():
        if line.startswith("## "):
            document = line.removeprefix("## ")
        elif document:
            number, _, text = line.partition(" ")
            found[document, number] = text
    return found


def literals(path: Path) -> Iterator[str]:
    """The strings of a module that may be seen by somebody: all but docstrings and bare expressions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def named() -> Iterator[tuple[str, str]]:
    """Where the product names an article, clause by clause."""
    for path in sorted(SOURCE.rglob("*.py")):
        for text in literals(path):
            yield from ((path.name, part) for part in re.split("[；。]", text) if ARTICLE.search(part))
    for path in sorted([*SOURCE.rglob("*.html"), *SOURCE.rglob("*.js")]):
        for text in re.findall(r"[^\"'>{}<]*", path.read_text(encoding="utf-8")):
            yield from ((path.name, part) for part in re.split("[；。]", text) if ARTICLE.search(part))


def test_there_are_texts_to_look_at() -> None:
    places = [place for place, _ in named()]
    assert {"acts.py", "report.html", "handling.py", "loosening.py"} <= set(places)
    assert len(articles()) == 17 + 1 + 17 + 13 + 11 + 8


@pytest.mark.case("E1")
def test_every_text_that_names_an_article_is_borne_out_by_it() -> None:
    assert [(place, text) for place, text in named() if text.strip() not in SAID] == []


@pytest.mark.case("E1")
@pytest.mark.parametrize("quoted", sorted({each for quotes in SAID.values() for each in quotes}))
def test_the_article_says_so(quoted: str) -> None:
    document, number, words = quoted.split(" ")
    assert words in articles()[document, number]


@pytest.mark.case("E1")
@pytest.mark.parametrize(
    "entry", [each for each in rulebook.load() if each.kind is Kind.REGULATION], ids=lambda entry: entry.key
)
def test_every_number_of_a_regulation_stands_in_its_article(entry: rulebook.Entry) -> None:
    assert NUMBERS[entry.key] in articles()[entry.document, entry.article]
    number = str(entry.value // 60) if entry.unit == "分钟" and entry.value not in (30,) else str(entry.value)  # type: ignore[operator]
    if isinstance(entry.value, int) and number != "1":
        assert number in NUMBERS[entry.key]
