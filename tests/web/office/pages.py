"""Read and fill in pages as a browser would."""

import re
from html import unescape
from html.parser import HTMLParser

OFFICE = "/en/office/vila/"
LIBRARY = f"{OFFICE}charters/library/"


def words(response) -> str:
    """Return a page's text in one line."""
    text = response.content.decode()
    text = re.sub(r"<(script|style).*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


class _Fields(HTMLParser):
    """Collects the fields of the page's main form with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.area: str | None = None
        self.select: str | None = None
        self.inside = False

    def add(self, name: str, value: str) -> None:
        self.data.setdefault(name, []).append(value)

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if tag == "form":
            self.inside = at.get("method") == "post" and "logout" not in (
                at.get("action") or ""
            )
        if self.inside:
            self.field(tag, at, at.get("name") or "")

    def field(self, tag, at, name) -> None:
        if tag == "input" and name:
            ticked = at.get("type") in {"checkbox", "radio"}
            if not ticked or "checked" in at:
                self.add(name, at.get("value") or "")
        elif tag == "textarea":
            self.area = name
            self.add(name, "")
        elif tag == "select":
            self.select = name
        # Without a chosen option a browser sends the first.
        elif tag == "option" and ("selected" in at or self.select not in self.data):
            self.data[self.select or ""] = [at.get("value") or ""]

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        elif tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data):
        if self.area is not None:
            self.data[self.area][-1] += data


def fields(response) -> dict[str, list[str]]:
    """Return what the page's form would send if nothing were typed."""
    reader = _Fields()
    reader.feed(response.content.decode())
    # A browser drops the line break that begins a text area.
    return {
        name: [value.removeprefix("\n").removeprefix("\r\n") for value in values]
        for name, values in reader.data.items()
        if name != "csrfmiddlewaretoken"
    }


def fill(client, url: str, **typed):
    """Open a page, type, and send its form."""
    return client.post(url, fields(client.get(url)) | typed)
