"""What looks like personal data is kept out of the log."""

import hashlib
import random

import pytest
from django.core.management import call_command
from hypothesis import given, strategies as st

from core.models import AuditEntry
from indicators.models import ServiceEvent, Stream
from indicators.services.mapping import FileMapping, MappingError, refuse_personal
from indicators.services.personal import (
    CONTROL,
    IBAN_LENGTHS,
    ODD,
    is_suspect,
    kind_of_column,
    kind_of_key,
    kind_of_value,
    shape,
)
from tests.indicators.helpers import event, send

COLUMNS = [
    "name", "Nom", "nombre", "Nome", "Cognoms", "apellidos", "cognome", "nom_complet",
    "Nom i cognoms", "first_name", "lastName", "customer_name", "e-mail", "Email",
    "correu electrònic", "telèfon", "teléfono de contacto", "phoneNumber", "address",
    "adreça", "dirección", "indirizzo", "DNI", "DNI/NIE", "nif_sol·licitant", "nie",
    "codice fiscale", "CodiceFiscale", "birth date", "birthDate", "data de naixement",
    "fecha_nacimiento", "data di nascita", "IBAN",
]  # fmt: skip
OTHER_COLUMNS = [
    "concept:name", "case:concept:name", "event_name", "channel", "Nom del servei",
    "nombre d'expedients", "Department", "CASE_ENQUIRY_ID", "direccion_general",
    "email_sent", "address_type", "telephone calls", "birth certificate", "location",
    "WEIGHT", "TARGET_DT", "nominal", "identificador", "org:resource", "Street Name",
]  # fmt: skip
# Looks like it anywhere, keys included.
VALUES = [
    ("maria@example.org", "e-mail address"),
    ("Maria <maria.puig@correu.example.cat>", "e-mail address"),
    ("12345678Z", "identity number"),
    ("12345678-z", "identity number"),
    ("case/12345678Z/opened", "identity number"),
    ("X1234567L", "identity number"),
    ("RSSMRA85T10A562S", "identity number"),
    ("rssmra85t10a562s", "identity number"),
    ("ES9121000418450200051332", "bank account"),
    ("ES91 2100 0418 4502 0005 1332", "bank account"),
    ("IT60X0542811101000000123456", "bank account"),
    ("+34 612 345 678", "telephone number"),
    ("+34612345678", "telephone number"),
    ("(+34) 612345678", "telephone number"),
    ("+1 (212) 555-0100", "telephone number"),
    ("+39 06 1234567", "telephone number"),
    ("612 345 678", "telephone number"),
    ("tel. 93 123 45 67", "telephone number"),
    ("971-12-34-56", "telephone number"),
    ("340 1234567", "telephone number"),
    ("06 12345678", "telephone number"),
]
# Bare digits: a telephone number in an attribute, anybody's identifier in a key.
BARE = ["612345678", "call 612345678 please", "3401234567", "0034612345678"]
OTHER_VALUES = [
    "2026-01-05T09:00:00+01:00", "2026-01-05 09:00:00.000", "05/01/2026 09:00",
    "1767600000", "12345678A", "12345678", "101004112345", "C-2026-000123",
    "CS0008723456", "T-20261123-012", "20260105-T", "SF2026000012345", "2026/123",
    "41.385063", "-73.985130, 40.748817", "0.612345678", "700.000.000 EUR", "web",
    "MERCÈ", "10:00-14:00", "02115", "b2c1f9de-1234-4a56-9bcd-1234567890ab",
    "case-1/opened", "RSSMRA85T10A562T", "ES9121000418450200051333",
]  # fmt: skip


@pytest.fixture
def stream(charter):
    stream = Stream.objects.get(code="requests")
    stream.attributes = [*stream.attributes, "adreça"]
    stream.save()
    return stream


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_personal_data_is_known_by_its_name(name):
    assert kind_of_column(name)


@pytest.mark.parametrize("name", OTHER_COLUMNS)
def test_another_column_is_not(name):
    assert kind_of_column(name) is None


@pytest.mark.parametrize(("text", "kind"), VALUES)
def test_a_value_is_known_by_its_form(text, kind):
    assert kind_of_value(text) == kind_of_key(text) == kind
    assert is_suspect(shape(text))


@pytest.mark.parametrize("text", BARE)
def test_bare_digits_are_a_telephone_number_in_attributes_only(text):
    assert kind_of_value(text) == "telephone number"
    assert kind_of_key(text) is None


@pytest.mark.parametrize("text", OTHER_VALUES)
def test_another_value_is_not(text):
    assert kind_of_value(text) is None
    assert kind_of_key(text) is None


def nif(number: int, first: str = "") -> str:
    """Return an identity number without its letter."""
    return f"{first}{number % 10**7:07}" if first else f"{number:08}"


def found(text: str) -> bool:
    alike = kind_of_value(text) == kind_of_key(text)
    return alike and is_suspect(shape(text)) and kind_of_key(text) is not None


def test_names_made_of_hashes_are_no_bank_accounts():
    made = (hashlib.sha256(b"%d" % n).hexdigest()[:24] for n in range(100_000))
    assert [name for name in made if kind_of_key(f"case/{name}")] == []


@given(st.integers(0, 10**8 - 1), st.sampled_from(["", "X", "Y", "Z"]))
def test_of_all_letters_only_the_control_letter_makes_an_identity_number(number, first):
    bare = nif(number, first)
    digits = int(bare.translate(str.maketrans("XYZ", "012")))
    right = CONTROL[digits % 23]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert {x for x in letters if kind_of_key(bare + x)} == {right}
    assert found(bare + right)


@given(
    st.from_regex(r"\A[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}\Z").filter(str.isascii)
)
def test_of_all_letters_only_the_control_letter_makes_a_fiscal_code(bare):
    def rank(sign):
        return int(sign) if sign.isdigit() else ord(sign) - ord("A")

    total = sum(ODD[rank(sign)] for sign in bare[::2])
    total += sum(rank(sign) for sign in bare[1::2])
    right = chr(ord("A") + total % 26)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert {x for x in letters if kind_of_key(bare + x)} == {right}
    assert found(bare + right)


@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.integers(0))
def test_of_all_check_digits_only_the_right_make_a_bank_account(country, seed):
    length = IBAN_LENGTHS[country] - 4
    account = "".join(random.Random(seed).choices("0123456789", k=length))
    digits = "".join(str(int(sign, 36)) for sign in account + country + "00")
    right = 98 - int(digits) % 97
    checks = range(2, 99)
    texts = {check: f"{country}{check:02}{account}" for check in checks}
    assert {
        check for check in checks if kind_of_key(texts[check]) == "bank account"
    } == {right}
    assert found(texts[right])


@pytest.mark.parametrize(
    ("field", "secret", "changes"),
    [
        ("case", "12345678Z", {"case": "12345678Z"}),
        ("id", "maria@example.org", {"id": "maria@example.org"}),
        ("replaces", "maria@example.org", {"replaces": "maria@example.org"}),
        ("channel", "+34612345678", {"attributes": {"channel": "+34612345678"}}),
        ("channel", "612345678", {"attributes": {"channel": 612345678}}),
        ("adreça", "Major 1", {"attributes": {"adreça": "Major 1"}}),
    ],
)
def test_a_line_is_refused_by_the_name_of_its_field_only(
    stream, field, secret, changes
):
    receipt = send(event("E") | changes, event("good"))
    (refusal,) = receipt.refused
    assert (refusal.line, refusal.code) == (1, "personal_data")
    assert repr(field) in refusal.detail
    assert secret not in repr(refusal)
    assert receipt.recorded == 1


def test_every_line_of_a_batch_is_looked_at(stream):
    receipt = send(*(event(f"E-{n}", f"{n:08}Z") for n in range(46)))
    # One number in twenty-three has this control letter.
    assert len(receipt.refused) == 2
    assert {refusal.code for refusal in receipt.refused} == {"personal_data"}


def test_an_identifier_that_is_personal_is_not_repeated_for_another_field(stream):
    receipt = send(event("maria@example.org", case="12345678Z"))
    assert receipt.refused[0].id is None


def test_a_stream_may_say_what_only_looks_like_it(stream):
    call_command("allow_personal", "vila/requests", "case", "adreça")
    sent = event("E", case="12345678Z", attributes={"adreça": "Major 1"})
    assert send(sent).recorded == 1
    assert ServiceEvent.objects.get().case_key == "12345678Z"
    assert send(event("12345678Z")).recorded == 0
    entry = AuditEntry.objects.get(verb="indicators.allow_personal")
    assert (entry.subject, entry.details) == (
        "requests",
        {"allowed": ["adreça", "case"]},
    )


def test_what_a_stream_may_say_can_be_withdrawn(stream, capsys):
    call_command("allow_personal", "vila/requests", "case", "site")
    call_command("allow_personal", "vila/requests", "case", "--withdraw")
    call_command("allow_personal", "vila/requests", "site")
    assert AuditEntry.objects.filter(verb="indicators.allow_personal").count() == 2
    capsys.readouterr()
    call_command("allow_personal", "vila/requests")
    assert capsys.readouterr().out == "site\n"
    assert send(event("E", case="12345678Z")).refused[0].code == "personal_data"


def test_a_mapping_keeps_no_such_column():
    mapping = FileMapping.from_toml(
        'case = "{year}/{DNI}"\n[long]\ntype = "name"\nat = "at"'
    )
    with pytest.raises(MappingError, match="'DNI' is named like personal data"):
        refuse_personal(mapping, allowed=[])
    refuse_personal(mapping, allowed=["DNI"])
