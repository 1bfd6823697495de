from playwright.sync_api import expect
from tests.browser.conftest import PHONE, Visit
from tests.browser.installation import Installation

def test_shots(visit: Visit, installation: Installation) -> None:
    hands = installation.hands
    red = hands.do("raise_level", source="990121004001", level="red", minutes=30)["number"]
    hands.do("raise_level", source="990121004001", level="blue", minutes=20)
    hands.do("raise_level", source="990121004001", level="none", minutes=8)
    hands.do("raise_level", source="990121004002", level="yellow", minutes=12)
    hands.do("raise_level", source="990121001001", level="orange", minutes=10)
    feed, points = installation.feed("990121002002")
    for point in points:
        feed.values[point["code"]] = point["high"]
    feed.start()
    page = visit("lvjian-ops2", "/todo/")
    expect(page.locator(".card-todo").first).to_be_visible()
    feed.values[points[0]["code"]] = points[0]["high"] * 1.01
    out = "/tmp/notes/shots"
    number = page.locator(".card-todo a.card-top").first.get_attribute("href")
    for size, name in ((None, "1440"), (PHONE, "390")):
        for who, path, tag in (
            ("county-a", "/", "overview"), ("county-a", "/todo/", "todo-county"), ("county-a", "/warnings/", "warnings"),
            ("lvjian-ops2", number, "dossier"), ("lvjian-ops2", "/todo/", "todo-holder"), ("lvjian-ops2", "/alarms/", "alarms"),
            ("lvjian-ops2", "/alarms/acknowledge/all/?state=uncleared", "all"), ("county-a", f"/warnings/{red}/", "cleared"),
            ("county-a", "/wall/", "wall"),("county-a", "/statistics/", "stat"),
        ):
            p = visit(who, path, viewport=size)
            p.wait_for_timeout(1200)
            p.screenshot(path=f"{out}/{tag}-{name}.png", full_page=True)
    feed.stop()
