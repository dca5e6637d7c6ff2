"""What every page knows."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language, get_language_info

from core.text import LANGUAGES


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in another language."""

    code: str
    name: str
    url: str
    current: bool


def language_links(request: HttpRequest) -> dict[str, object]:
    """Give templates the links to the page's four languages."""
    address = request.get_full_path()
    return {
        "language_links": [
            LanguageLink(
                code=code,
                name=get_language_info(code)["name_local"].capitalize(),
                url=translate_url(address, code),
                current=code == get_language(),
            )
            for code in LANGUAGES
        ]
    }
