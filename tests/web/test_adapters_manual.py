"""What the manual of adapters shows does what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indicators.adapters import glpi, open311, signalen, zammad
from indicators.enums import SourceKind
from indicators.models import ServiceEvent, Stream
from indicators.services.sources import add_source
from tests import builders
from tests.indicators.adapters.recorded import MAPPINGS, PAYLOADS

MANUAL = (MAPPINGS.parent / "adapters.md").read_text()
SOURCE = "/api/v1/organisations/vila/streams/requests/sources/signalen"


@pytest.fixture
def environment(live_server, charter):
    _source, secret = add_source(
        stream=Stream.objects.get(code="requests"),
        code="signalen",
        kind=SourceKind.SIGNALEN,
        settings={"opened": "opened", "states": {"o": "closed"}},
        at=builders.NOW,
    )
    return {
        **os.environ,
        "NO_PROXY": "*",
        "no_proxy": "*",
        "PARAULA_SOURCE": live_server.url + SOURCE,
        "PARAULA_SECRET": secret,
    }


def ran(command, environment, **options):
    return subprocess.run(
        command,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.mark.real_clock
def test_the_program_signs_as_it_must(environment, tmp_path):
    (text,) = re.findall(r"^```python\n(.*?)^```$", MANUAL, re.DOTALL | re.MULTILINE)
    program = tmp_path / "send_message.py"
    program.write_text(text)
    body = (PAYLOADS / "signalen_page.json").read_text()
    command = [sys.executable, program]
    done = ran(command, environment, input=body)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"recorded": 3' in done.stdout
    assert '"replayed": 3' in ran(command, environment, input=body).stdout
    wrong = ran(command, environment | {"PARAULA_SECRET": "another"}, input=body)
    assert wrong.returncode == 1
    assert '"status": 401' in wrong.stderr
    assert ServiceEvent.objects.count() == 3


@pytest.mark.real_clock
@pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("curl")), reason="runs both"
)
def test_the_shell_signs_as_it_must(environment, tmp_path):
    block = next(
        text
        for text in re.findall(
            r"^```console\n(.*?)^```$", MANUAL, re.DOTALL | re.MULTILINE
        )
        if "openssl" in text
    )
    script = re.sub(r"^\$ ", "", block, flags=re.MULTILINE)
    body = (PAYLOADS / "signalen_page.json").read_bytes()
    (tmp_path / "message.json").write_bytes(body)
    done = ran(["bash", "-euc", script], environment, cwd=tmp_path)
    assert '"recorded": 3' in done.stdout, done.stderr


def section(heading):
    return re.search(
        rf"^## {heading}\n(.*?)(?=^## )", MANUAL, re.DOTALL | re.MULTILINE
    )[1]


@pytest.mark.parametrize(
    ("heading", "module"),
    [("Zammad", zammad), ("GLPI", glpi), ("Signalen", signalen), ("Open311", open311)],
)
def test_the_manual_names_every_field(heading, module):
    fields = re.search(
        r"^Fields: (.*?)\. (?:A case|States)",
        section(heading),
        re.DOTALL | re.MULTILINE,
    )
    assert set(re.findall(r"`(\w+)`", fields[1])) == module.FIELDS


def test_the_manual_names_every_entry_of_a_question():
    entries = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \|", section("Open311"), re.MULTILINE
    )
    assert set(re.findall(r"\w+", " ".join(entries))) == open311.ASKING


def test_every_file_that_the_manual_names_is_there():
    for name in re.findall(r"\]\((mappings/[^)]*)\)", MANUAL):
        assert (MAPPINGS.parent / name).exists()
    named = set(re.findall(r"\b([\w-]+)\.toml", MANUAL))
    assert {path.stem for path in Path(MAPPINGS).glob("*.toml")} <= named
