"""Passages of a charter as blocks that a template can write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.text import words

BULLET = re.compile(r"\s*[-•*]\s+")
WEB = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a list if there are items."""

    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text in blocks, and the language it is really in (WCAG 3.1.2)."""

    language: str
    blocks: tuple[Block, ...]

    def __bool__(self) -> bool:
        return bool(self.blocks)


def passage(text: Mapping[str, str] | None, language: str, *, source: str) -> Passage:
    """Split a translated text: empty lines part paragraphs, hyphens begin items."""
    found = words(text, language, source=source)
    blocks: list[Block] = []
    lines: list[str] = []
    items: list[str] = []

    def close() -> None:
        if items:
            blocks.append(Block(items=tuple(items)))
        elif lines:
            blocks.append(Block(text="\n".join(lines)))
        items.clear()
        lines.clear()

    for line in found.text.splitlines():
        bullet = BULLET.match(line)
        if not line.strip() or bool(bullet) != bool(items):
            close()
        if bullet:
            items.append(line[bullet.end() :].strip())
        elif line.strip():
            lines.append(line.strip())
    close()
    return Passage(found.language, tuple(blocks))


def web_address(address: str) -> str:
    """Return an address that may become a link; anything but the web is dropped."""
    return address if WEB.match(address) else ""


def telephone(number: str) -> str:
    """Return a ``tel:`` address, or nothing if there are no digits."""
    digits = re.sub(r"[^\d+]", "", number)
    return f"tel:{digits}" if digits else ""
