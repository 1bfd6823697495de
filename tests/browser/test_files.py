"""Photos and files by people: chosen or taken on a phone, seen at a desk, withdrawn in sight."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import expect
from tests.browser.conftest import PHONE, SHOTS, Visit, until
from tests.browser.installation import Installation
from tests.browser.reading import small_targets, violations
from tests.unit.apps.files.handed import PDF, camera, picture


def large() -> bytes:
    """A photo of several megabytes, as phones take them."""
    noise = Image.effect_noise((4000, 3000), 60).convert("RGB")
    body = io.BytesIO()
    noise.save(body, "JPEG", quality=92, exif=camera(6, at=(35.5, 112.25)))
    return body.getvalue()


def test_a_rectification_with_photos_from_a_phone_is_seen_at_the_desk(visit: Visit, installation: Installation) -> None:
    pk = installation.hands.do("finding", source="990121001001", subject="browser:1")["pk"]
    page = visit("hecheng-ops1", f"/findings/{pk}/?act=rectify", viewport=PHONE)
    form = page.locator("#act-rectify form")
    form.get_by_label("整改情况").fill("已更换接头，试压合格")
    chosen = {"name": "整改后.jpg", "mimeType": "image/jpeg", "buffer": large()}
    report = {"name": "试压报告.pdf", "mimeType": "application/pdf", "buffer": PDF}
    form.locator("input[type=file][multiple]").set_input_files([chosen, report])
    taken = {"name": "image.jpg", "mimeType": "image/jpeg", "buffer": picture((1200, 1600))}
    form.get_by_label("用相机拍照").set_input_files([taken])
    form.get_by_role("button", name="报整改").click()
    expect(page.locator(".files .file")).to_have_count(3)
    expect(page.locator(".files img").first).to_have_js_property("complete", True)
    page.screenshot(path=SHOTS / "finding-files-390.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert small_targets(page) == []

    desk = visit("county-a", f"/findings/{pk}/")
    expect(desk.locator(".files img")).to_have_count(2)
    desk.locator(".files").scroll_into_view_if_needed()
    until(desk, "[...document.querySelectorAll('.files img')].every(e => e.naturalWidth > 0 && e.naturalWidth <= 320)")
    desk.screenshot(path=SHOTS / "finding-files-1440.png", full_page=True)
    desk.get_by_role("link", name="整改后.jpg").last.click()
    expect(desk.locator(".kv")).to_contain_text("2024-03-01 08:30")
    desk.screenshot(path=SHOTS / "file-1440.png", full_page=True)
    assert violations(desk) == []
    desk.get_by_role("button", name="撤回").click()
    desk.get_by_label("撤回原因").fill("不是这台储罐")
    desk.locator("#act-withdraw").get_by_role("button", name="撤回").click()
    expect(desk.locator(".files .withdrawn")).to_contain_text("不是这台储罐")
    assert violations(desk) == []


def test_a_picture_that_is_none_is_refused_beside_the_field(visit: Visit, installation: Installation) -> None:
    pk = installation.hands.do("finding", source="990121001001", subject="browser:2")["pk"]
    page = visit("hecheng-ops1", f"/findings/{pk}/?act=rectify", viewport=PHONE)
    form = page.locator("#act-rectify form")
    form.get_by_label("整改情况").fill("已更换接头")
    fake = {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": b"<html><script>alert(1)</script>"}
    form.locator("input[type=file][multiple]").set_input_files([fake])
    form.get_by_role("button", name="报整改").click()
    expect(page.locator("#act-rectify .errorlist")).to_contain_text("没有收下")
    expect(form.get_by_label("整改情况")).to_have_value("已更换接头")
    page.screenshot(path=SHOTS / "finding-files-refused-390.png", full_page=True)


def test_files_that_together_are_too_large_are_told_before_they_are_sent(
    visit: Visit, installation: Installation
) -> None:
    pk = installation.hands.do("finding", source="990121001001", subject="browser:3")["pk"]
    page = visit("hecheng-ops1", f"/findings/{pk}/?act=rectify")
    form = page.locator("#act-rectify form")
    form.get_by_label("整改情况").fill("已更换接头")
    most = int(form.locator("[data-most]").get_attribute("data-most") or 0)
    assert most == 60 * 1024**2
    page.evaluate("document.querySelector('#act-rectify [data-most]').dataset.most = 1000")
    report = {"name": "试压报告.pdf", "mimeType": "application/pdf", "buffer": PDF + b" " * 1000}
    form.locator("input[type=file][multiple]").set_input_files([report])
    form.get_by_role("button", name="报整改").click()
    expect(form.locator("[data-unsent]")).to_contain_text("文件合计太大，没有提交")
    expect(form.get_by_role("button", name="报整改")).to_be_enabled()
