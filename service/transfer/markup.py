"""HTML of a reply as the plain text that the widget shows."""

import re
from html.parser import HTMLParser

HTML = re.compile(
    r"</?(?:p|br|div|span|ul|ol|li|a|b|i|u|strong|em|h[1-6]|table|tr|td|img|blockquote)\b[^<>]*>",
    re.IGNORECASE,
)
PARAGRAPHS = {"p", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table"}
LINES = {"div", "tr"}
BULLET = re.compile(r"(?:^|\n)(?:- |\d+\. )$")
SILENT = {"script", "style", "head", "title"}


def is_html(text: str) -> bool:
    """Whether the text has tags that HTML mail has."""
    return bool(HTML.search(text))


def plain(html: str) -> tuple[str, int]:
    """The text, with links in brackets and lists as lines, and the number of pictures left out."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    text = "\n".join(line.strip(" \t\xa0") for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip(), reader.pictures


class _Plain(HTMLParser):
    """Collects text; whitespace between tags is one space, as a browser shows it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.pictures = 0
        self._links: list[tuple[str, int]] = []
        self._numbers: list[int | None] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in SILENT:
            self._silent += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "img":
            self.pictures += 1
            self.parts.append(given.get("alt") or "")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self.parts)))
        elif tag == "li":
            self._item()
        elif tag in ("td", "th"):
            self._text(" ")
        self._break(tag)
        if tag in ("ul", "ol"):
            self._numbers.append(0 if tag == "ol" else None)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            target, start = self._links.pop()
            words = "".join(self.parts[start:]).strip()
            if target and target.removeprefix("mailto:").removeprefix("tel:") != words:
                self.parts.append(f" ({target})" if words else target)
        elif tag in ("ul", "ol") and self._numbers:
            self._numbers.pop()
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _text(self, text: str) -> None:
        last = self.parts[-1] if self.parts else "\n"
        self.parts.append(text.lstrip(" ") if last.endswith((" ", "\n")) else text)

    def _item(self) -> None:
        self._line_end("\n")
        number = self._numbers[-1] if self._numbers else None
        if number is not None:
            self._numbers[-1] = number + 1
        self.parts.append("- " if number is None else f"{number + 1}. ")

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._line_end("\n\n")
        elif tag in LINES:
            self._line_end("\n")

    def _line_end(self, ends: str) -> None:
        written = "".join(self.parts[-3:])
        if BULLET.search(written):  # the item's own paragraph
            return
        missing = len(ends) - (len(written) - len(written.rstrip("\n")))
        if written.strip() and missing > 0:
            self.parts.append("\n" * missing)
