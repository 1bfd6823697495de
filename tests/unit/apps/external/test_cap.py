"""Reading CAP 1.2: what the standard asks for is taken, everything else is named in Chinese."""

from __future__ import annotations

import pytest

from anlan.apps.external.cap import DEEPEST, MOST_BYTES, Unreadable, read

ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>met-140500-0017</identifier>
  <sender>met@city.example</sender>
  <sent>2024-07-01T15:00:00+08:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>en-US</language>
    <category>Met</category>
    <event>Thunderstorm</event>
    <urgency>Expected</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
  </info>
  <info>
    <language>zh-CN</language>
    <category>Met</category>
    <event>雷电</event>
    <responseType>Prepare</responseType>
    <urgency>Expected</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <expires>2024-07-01T21:00:00+08:00</expires>
    <senderName>示例市气象台</senderName>
    <headline>雷电橙色预警</headline>
    <description>未来6小时有强雷电。</description>
    <parameter><valueName>colour</valueName><value>orange</value></parameter>
    <area>
      <areaDesc>示例市</areaDesc>
      <geocode><valueName>GB/T 2260</valueName><value>990100</value></geocode>
    </area>
  </info>
</alert>
"""


def test_an_alert_is_read_with_its_chinese_part() -> None:
    alert = read(ALERT.encode())
    assert (alert.identifier, alert.sender, alert.message) == ("met-140500-0017", "met@city.example", "Alert")
    assert alert.sent.isoformat() == "2024-07-01T15:00:00+08:00"
    info = alert.info
    assert info is not None
    assert (info.event, info.severity, info.headline) == ("雷电", "Severe", "雷电橙色预警")
    assert info.parameters == (("colour", "orange"),)
    assert info.areas[0].geocodes == (("GB/T 2260", "990100"),)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_the_encodings_of_xml_are_read(encoding: str) -> None:
    document = ALERT.replace("UTF-8", encoding).encode(encoding)
    assert read(document).info.event == "雷电"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<status>Actual</status>", "", "缺少 status"),
        ("<status>Actual</status>", "<status>Real</status>", "“Real”不是"),
        ("<scope>Public</scope>", "<scope>Restricted</scope>", "应有 restriction"),
        ("<scope>Public</scope>", "<scope>Private</scope>", "应有 addresses"),
        ("<msgType>Alert</msgType>", "<msgType>Cancel</msgType>", "应有 references"),
        ("15:00:00+08:00", "15:00:00Z", "sent 的时间"),
        ("2024-07-01T15", "2024-02-31T15", "sent 的时间"),
        ("met-140500-0017", "met 0017", "identifier"),
        ("met-140500-0017", "a,b", "identifier"),
        ("<event>雷电</event>", "<event>雷电</event><event>雹</event>", "多于 1"),
        ("<event>雷电</event>", "", "缺少 event"),
        ("<areaDesc>示例市</areaDesc>", "", "缺少 areaDesc"),
        ("<event>雷电</event>", "<event><b>雷电</b></event>", "event 里不应有元素"),
        ("<event>雷电</event>", "<happening>雷电</happening>", "不应有 happening"),
        ("<info>", "words<info>", "不应有文字"),
        ("cap:1.2", "cap:1.1", "不属于 CAP 1.2"),
        ("</alert>", "", "不是完好的 XML"),
        ("<alert ", "<!DOCTYPE alert><alert ", "DOCTYPE"),
        ('<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">', "<alert>", "不属于"),
        (
            "<status>Actual</status>\n  <msgType>Alert</msgType>",
            "<msgType>Alert</msgType><status>Actual</status>",
            "次序",
        ),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, words: str) -> None:
    assert old in ALERT
    with pytest.raises(Unreadable, match=words):
        read(ALERT.replace(old, new).encode())


def test_entities_and_outside_files_are_never_touched() -> None:
    bomb = '<!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    for head in (
        bomb,
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE alert SYSTEM "x.dtd">',
    ):
        document = ALERT.replace("<alert ", head + "<alert ").replace("雷电橙色预警", "&b;&x;")
        with pytest.raises(Unreadable, match="DOCTYPE"):
            read(document.encode())


def test_size_depth_and_number_of_elements_are_bounded() -> None:
    with pytest.raises(Unreadable, match="KB"):
        read(b" " * (MOST_BYTES + 1))
    deep = "<area>" * (DEEPEST + 1)
    with pytest.raises(Unreadable, match="太深"):
        read(ALERT.replace("<info>", deep).encode())
    with pytest.raises(Unreadable, match="太多"):
        read(ALERT.replace("<scope>", "<code/>" * 5001 + "<scope>").encode())


@pytest.mark.parametrize("document", [b"", b"\x00\xff", b"<a", b'<?xml version="1.0" encoding="x-none"?><alert/>'])
def test_what_is_no_xml_is_refused_in_words(document: bytes) -> None:
    with pytest.raises(Unreadable):
        read(document)


def test_a_signature_at_the_end_is_passed_over() -> None:
    signed = ALERT.replace(
        "</alert>",
        '<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"><s:Value>x</s:Value></s:Signature></alert>',
    )
    assert read(signed.encode()).identifier == "met-140500-0017"
