"""What may be handed in, and what is refused in words: by the content, whatever the name says."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image
from tests.unit.apps.files.handed import PDF, TYPES, camera, office, picture

from anlan.apps.files.accepted import Found, judge, pictures
from anlan.apps.files.models import Media
from anlan.apps.files.names import LONGEST, clean, ends_as
from anlan.refused import Refused


def told(body: bytes, name: str = "x") -> Found:
    return judge(io.BytesIO(body), name)


def refused(body: bytes, name: str = "x") -> str:
    with pytest.raises(Refused) as error:
        told(body, name)
    assert "可以交 JPEG、PNG、WebP 图片，PDF，xlsx、docx，文本与 CSV，每个不超过 20 MB" in error.value.detail
    return error.value.detail


@pytest.mark.parametrize(
    ("body", "name", "media"),
    [
        (picture(), "照片.jpg", Media.JPEG),
        (picture(), "截图.png", Media.JPEG),
        (picture(kind="PNG"), "图.PNG", Media.PNG),
        (picture(kind="WEBP"), "图.webp", Media.JPEG),
        (picture(kind="WEBP", mode="RGBA", colour=(1, 2, 3, 40)), "图.webp", Media.PNG),
        (PDF, "报告.pdf", Media.PDF),
        (office(), "台账.xlsx", Media.XLSX),
        (office("word/document.xml"), "报告.docx", Media.DOCX),
        (office(xl__embeddings__Sheet1=b"", **{"word__embeddings__a.xlsx": b"PK"}).replace(b"Sheet1", b"a.xlsx"),
         "图表.xlsx", Media.XLSX),
        ("已更换阀门\r\n复查正常".encode(), "说明.txt", Media.TEXT),
        ("时间,压力\n1,2".encode("gb18030"), "数据.csv", Media.CSV),
        (b"a,b", "data", Media.TEXT),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_may_be_handed_in_is_known_by_its_content(body: bytes, name: str, media: Media) -> None:
    assert told(body, name).media == media


@pytest.mark.case("G11")
@pytest.mark.parametrize(
    ("body", "name", "why"),
    [
        (b"<!DOCTYPE html><script>alert(1)</script>", "照片.jpg", "网页"),
        (b"x = 1\n<script>alert(1)</script>", "说明.txt", "网页"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "图.svg", "网页"),
        (b"#!/bin/sh\nrm -rf /", "说明.txt", "脚本"),
        (b"MZ\x90\x00\x03", "工具.exe", "不是可以交的文件"),
        (b"Rar!\x1a\x07\x01\x00", "资料.rar", "不是可以交的文件"),
        (b"GIF89a\x01\x00\x01\x00", "动.gif", "不是可以交的文件"),
        ("词".encode("utf-16"), "说明.txt", "UTF-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "台账.xls", "加了密码"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 99, "IMG_1.HEIC", "HEIC"),
        (picture(), "报告.pdf", "名字说是 .pdf，内容却是照片"),
        (picture(), "照片.exe", "名字说是 .exe"),
        (PDF, "照片.jpg", "名字说是 .jpg，内容却是PDF"),
        (office("word/document.xml"), "台账.xlsx", "名字说是 .xlsx"),
        (b"just text", "照片.png", "名字说是 .png，内容却是文本"),
        (picture()[:400], "照片.jpg", "打不开或不完整"),
        (b"\xff\xd8\xff\xe0 no picture", "照片.jpg", "打不开或不完整"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "图.webp", "打不开或不完整"),
        (PDF[:60], "报告.pdf", "不完整"),
        (PDF + b"<html>" * 500, "报告.pdf", "后面还有别的内容"),
        (PDF.replace(b"/Root", b"/Encrypt 5 0 R /Root"), "报告.pdf", "加了密码"),
        (PDF.replace(b"/Type", b"/OpenAction << /S /JavaScript /JS (x) >> /Type"), "报告.pdf", "脚本"),
        (PDF.replace(b"/Type", b"/S /#4aavaScript /Type"), "报告.pdf", "脚本"),
        (PDF.replace(b"/Type", b"/Names << /EmbeddedFiles 3 0 R >> /Type"), "报告.pdf", "脚本"),
        (PDF.replace(b"1 0 obj", b"<html><body>\n1 0 obj"), "报告.pdf", "网页"),
        (b"PK\x03\x04 no zip", "台账.xlsx", "不完整"),
        (office("anything.txt"), "台账.xlsx", "压缩包"),
        (office(xl__vbaProject=b"x").replace(b"vbaProject", b"vbaPro.bin"), "台账.xlsx", "宏"),
        (office(types=TYPES.replace(b"x+xml", b"macroEnabled.main+xml")), "台账.xlsx", "宏"),
        (office(**{"word__embeddings__oleObject1.bin": b"x"}), "台账.xlsx", "嵌入"),
        (office(**{"word___rels__settings.xml.rels":
                   b'<Relationship Type="x/attachedTemplate" Target="http://x" TargetMode="External"/>'}),
         "台账.xlsx", "从别处取内容"),
        (office() + b"<html>", "台账.xlsx", "还有别的内容"),
        (office()[:-1], "台账.xlsx", "还有别的内容"),
        (office(**{"xl__sheet1.xml": b"0" * (60 << 20)}), "台账.xlsx", "解开后过大"),
        (office(**{"xl__..__..__x.xml": b"x"}), "台账.xlsx", "夹着别的内容"),
    ],
    ids=range(35),
)  # fmt: skip
def test_everything_else_is_refused_in_words_that_say_why_and_what_may_be(body: bytes, name: str, why: str) -> None:
    assert why in refused(body, name)


@pytest.mark.case("G11")
def test_a_zip_before_which_something_stands_and_a_part_that_is_broken_are_refused() -> None:
    whole = office(**{"xl__sheet1.xml": bytes(range(256)) * 40})
    broken = bytearray(whole)
    at = whole.index(b"xl/sheet1.xml") + 40
    broken[at] ^= 0xFF
    assert "已损坏" in refused(bytes(broken), "台账.xlsx")
    body = io.BytesIO()
    body.write(b"PK\x03\x04 is what it begins with")
    with zipfile.ZipFile(body, "a") as packed:
        packed.writestr("[Content_Types].xml", TYPES)
        packed.writestr("xl/workbook.xml", b"x")
    assert "夹着别的内容" in refused(body.getvalue(), "台账.xlsx")


@pytest.mark.case("G11")
def test_a_zip_of_two_parts_with_one_name_is_refused() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "XL/workbook.xml"):
            packed.writestr(name, b"<Types/>")
    assert "出现两次" in refused(body.getvalue(), "台账.xlsx")


@pytest.mark.case("G11")
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_opened() -> None:
    bomb = picture((8000, 8000), "PNG", mode="1")
    assert len(bomb) < 20_000
    assert "8000×8000 像素，PNG 不超过 2000 万" in refused(bomb, "图.png")
    assert "8000×6400 像素，JPEG 不超过 5000 万" in refused(picture((8000, 6400), mode="L", colour=0))
    larger = picture((20_000, 10_000), "PNG", mode="1")
    assert "超过 5000 万" in refused(larger, "图.png")


@pytest.mark.case("G11")
def test_a_picture_that_would_be_gone_over_again_and_again_is_refused() -> None:
    whole = picture((800, 600), progressive=True)
    last = whole[whole.rfind(b"\xff\xda") : -2]
    assert told(whole[:-2] + last * 9 + b"\xff\xd9").width == 800
    assert "编码不寻常" in refused(whole[:-2] + last * pictures.MOST_SCANS + b"\xff\xd9")


@pytest.mark.case("G11")
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    body = io.BytesIO()
    frames[0].save(body, kind, save_all=True, append_images=frames[1:])
    assert "动图" in refused(body.getvalue())


def shown(found: Found) -> Image.Image:
    assert found.remade is not None
    return Image.open(io.BytesIO(found.remade))


def test_a_picture_is_turned_shrunk_and_keeps_nothing_of_where_and_when() -> None:
    found = told(picture((4000, 3000), exif=camera(6, at=(35.5, 112.25)), comment=b"secret"))
    image = shown(found)
    assert (found.width, found.height) == image.size == (1920, 2560)
    top, bottom = (image.getpixel((900, row)) for row in (100, 2400))
    assert max(top) < 60 < max(bottom)  # the dark third was on the left, which the camera held upwards
    assert dict(image.getexif()) == {}
    assert b"secret" not in (found.remade or b"")
    assert b"Exif" not in (found.remade or b"")
    assert (found.latitude, found.longitude) == (35.5, 112.25)
    assert found.taken_at == datetime(2024, 3, 1, 0, 30, tzinfo=UTC)


def test_a_small_picture_keeps_its_size_and_a_png_stays_one_without_its_words() -> None:
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("Comment", "secret")
    found = told(picture((30, 20), "PNG", exif=camera(), pnginfo=words), "图.png")
    assert (found.media, found.width, found.height) == (Media.PNG, 30, 20)
    assert b"secret" not in (found.remade or b"")
    assert shown(found).info == {}


@pytest.mark.parametrize(
    ("mode", "colour", "kept"),
    [("1", 1, "L"), ("L", 9, "L"), ("P", 3, "RGB"), ("LA", (9, 9), "LA"), ("RGBA", (1, 2, 3, 4), "RGBA"),
     ("I;16", 40_000, "L")],
)  # fmt: skip
def test_every_sort_of_png_is_shown(mode: str, colour: Any, kept: str) -> None:
    image = shown(told(picture((9, 9), "PNG", mode=mode, colour=colour), "图.png"))
    assert image.mode == kept
    if mode == "I;16":
        assert image.getpixel((1, 1)) == 40_000 // 256


def test_a_picture_in_the_colours_of_print_is_shown_and_what_else_is_in_its_file_is_gone() -> None:
    found = told(picture(mode="CMYK", colour=(0, 0, 0, 0)) + b"<script>alert(1)</script>", "印刷.jpg")
    assert shown(found).mode == "RGB"
    assert b"script" not in (found.remade or b"")


@pytest.mark.parametrize(
    ("taken", "offset", "expected"),
    [
        ("2024:03:01 08:30:00", "+00:00", datetime(2024, 3, 1, 8, 30, tzinfo=UTC)),
        ("2024:03:01 08:30:00", "nonsense", datetime(2024, 3, 1, 0, 30, tzinfo=UTC)),
        ("0000:00:00 00:00:00", "", None),
        ("9999:12:31 23:59:59", "", None),
        ("yesterday", "", None),
    ],
)
def test_an_instant_that_can_be_none_is_left_out(taken: str, offset: str, expected: datetime | None) -> None:
    assert told(picture(exif=camera(taken=taken, offset=offset))).taken_at == expected


@pytest.mark.case("G11")
@pytest.mark.parametrize("at", [(0.0, 0.0), (91.0, 112.0), (35.0, 181.0)])
def test_a_place_that_can_be_none_is_left_out(at: tuple[float, float]) -> None:
    found = told(picture(exif=camera(at=at)))
    assert (found.latitude, found.longitude) == (None, None)


@pytest.mark.case("G11")
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_nonsense_beside_a_picture_costs_nothing_but_itself() -> None:
    whole = picture(exif=camera(at=(35.0, 112.0)))
    at = whole.index(b"Exif\0\0")
    for offset in range(6, 160):
        nonsense = bytearray(whole)
        nonsense[at + offset] ^= 0xFF
        found = told(bytes(nonsense))
        assert found.width
        assert found.height


def test_a_thumbnail_is_small() -> None:
    found = told(picture((2000, 1000)))
    small = Image.open(io.BytesIO(pictures.small(found.remade or b"", found.media)))
    assert small.size == (320, 160)


@pytest.mark.case("G11")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("照片.jpg", "照片.jpg"),
        ("C:\\Users\\甲\\照片.jpg", "照片.jpg"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "ab Set-Cookie_ x.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ('"><script>.jpg', "___script_.jpg"),
        ("...", "附件"),
        ("", "附件"),
        (" .hidden ", "hidden"),
    ],
)
def test_a_name_is_made_safe(given: str, kept: str) -> None:
    assert clean(given) == kept


def test_a_long_name_keeps_its_ending_and_a_name_gets_the_ending_of_its_content() -> None:
    assert clean("长" * 300 + ".jpg") == "长" * (LONGEST - 4) + ".jpg"
    assert ends_as("图.webp", Media.JPEG) == "图.jpg"
    assert ends_as("照片", Media.JPEG) == "照片.jpg"
    assert ends_as("照片.JPEG", Media.JPEG) == "照片.JPEG"
    assert len(ends_as("长" * LONGEST, Media.PDF)) == LONGEST
