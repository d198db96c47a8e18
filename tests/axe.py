"""What axe has to say of a page of the console, up to WCAG 2.2 AA."""

import re
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
AUDIT = """async (options) => (await axe.run(document, options)).violations.flatMap((found) =>
  found.nodes.map((node) => `${found.id}: ${node.target.join(" ")} ${node.failureSummary}`))"""


def findings(page: Page) -> list[str]:
    """Every violation; nothing moves meanwhile."""
    page.emulate_media(reduced_motion="reduce")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return [re.sub(r"\s+", " ", found) for found in page.evaluate(AUDIT, RULES)]
