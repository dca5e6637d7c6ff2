"""Messages as each system documents them, of people and places that are made up."""

import tomllib
from pathlib import Path

from indicators.services.files import DECODER

PAYLOADS = Path(__file__).parent / "payloads"
MAPPINGS = Path(__file__).parents[3] / "docs" / "mappings"
MESSAGES = {
    "zammad": ["zammad_created", "zammad_waiting", "zammad_closed"],
    "glpi": ["glpi_new", "glpi_solved", "glpi_deleted", "glpi_rest"],
    "signalen": ["signalen_page"],
    "open311": ["open311_requests"],
    "generic": ["generic_ticket"],
}


def payload(name):
    # As the log's own decoder reads them: numbers with a fraction stay texts.
    return DECODER.decode((PAYLOADS / f"{name}.json").read_text().strip())


def settings(kind, **changes):
    """The example of the documentation, with changes."""
    return tomllib.loads((MAPPINGS / f"{kind}.toml").read_text()) | changes
