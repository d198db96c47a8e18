"""The report in a real browser: no script, no request, no sideways scrolling, no light needed."""

import pytest
from playwright.sync_api import Browser

from finetune.page import write_report
from made_readings import make_metrics, make_release

pytestmark = pytest.mark.browser

WIDER = """() => [...document.querySelectorAll("body *")].filter((element) =>
    !element.closest(".scroll, svg") &&
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((element) => element.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    metrics = make_metrics()
    metrics["intent"]["classes"]["an_intent_with_quite_a_long_name" * 2] = {"f1": 0.5, "support": 3}
    file = tmp_path_factory.mktemp("report") / "report.html"
    write_report(file, make_release(metrics), metrics)
    return file.as_uri()


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_page_fits_every_width_and_loads_nothing(
    browser: Browser, address: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(WIDER) == []
    assert asked == [address]
    assert said == []
    page.close()


def test_everything_is_there_without_javascript_and_in_the_dark(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    assert page.locator("svg").count() >= 8
    assert page.get_by_role("heading", level=2).count() >= 8
    page.get_by_role("link", name="Training").click()
    assert page.url.endswith("#training")
    more = page.locator("details").first
    more.locator("summary").click()
    assert more.locator("> :nth-child(2)").is_visible()
    context.close()
