"""
Recognise what looks like personal data: names of columns, and values.

Pure functions. A column is known by the words of its name in Catalan, Spanish, Italian
and English; a value by its form and, where it has one, by its control characters. What
is found is told by its kind and never repeated.
"""

import re
import unicodedata
from functools import lru_cache

NAME, EMAIL, PHONE, ADDRESS = "name", "e-mail address", "telephone number", "address"
IDENTITY, ACCOUNT, BIRTH = "identity number", "bank account", "date of birth"


def _words(text: str, kind: str) -> dict[str, str]:
    return dict.fromkeys(text.split(), kind)


# What a column holds if nothing else is in its name than COMPANIONS: "nom" and "nom
# complet" name a person; "nom del servei" and "concept:name" do not.
CORES = {
    **_words("name nom nombre nome", NAME),
    **_words("email mail correu correo posta", EMAIL),
    **_words("telefon telefons telefono telefonos telefoni", PHONE),
    **_words("tel telf tlf phone telephone", PHONE),
    **_words("cellphone cellulare mobil movil", PHONE),
    **_words("address adreca direccion indirizzo domicili domicilio", ADDRESS),
    **_words("dni nif nie passaport pasaporte passaporto passport ssn", IDENTITY),
    **_words("iban", ACCOUNT),
    **_words("naixement nacimiento nascita birthdate birthday dob", BIRTH),
}
# What a column holds whatever else is in its name.
PLAIN = {
    **_words("cognom cognoms cognome cognomi apellido apellidos llinatges", NAME),
    **_words("surname surnames lastname firstname fullname forename", NAME),
    **_words("codicefiscale", IDENTITY),
}
TOGETHER = (
    ({"first", "name"}, NAME),
    ({"last", "name"}, NAME),
    ({"codice", "fiscale"}, IDENTITY),
    ({"birth", "date"}, BIRTH),
    ({"birth", "day"}, BIRTH),
)
COMPANIONS = frozenset(
    """
    a and con d da de del della dell di do e el i il l la lo of s the y
    complet completo completa full given family middle pila propi propio
    person persona personal personale persone citizen ciutada ciutadana ciutadania
    ciudadano ciudadana cittadino cittadina applicant sollicitant solicitante
    richiedente requester resident owner holder titular titolare user usuari usuaria
    usuario utente client cliente customer contact contacte contacto contatto
    interessat interessada interesado interesada interessato patient pacient paciente
    paziente alumne alumno student home casa
    number num numero nr no code codi codigo date data fecha id document documento
    postal electronic electronica electronico elettronica elettronico line mobile
    fix fijo fisso particular residencia
    """.split()  # noqa: SIM905 -- read as a text
)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORD = re.compile(r"[a-z]+")

# Of countries that have them: how long an account number is.
IBAN_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27,
    "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}  # fmt: skip
IBAN_DIGITS = {
    "AD": 12,
    "BE": 16,
    "DE": 22,
    "EE": 20,
}  # up to where there are no letters
CONTROL = "TRWAGMYFPDXBNJZSQVHLCKE"
ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22,
       25, 24, 23)  # fmt: skip

BEFORE, AFTER = r"(?<![0-9A-Z])", r"(?![0-9A-Z])"
NIF_FORM = re.compile(rf"{BEFORE}(\d{{8}}|[XYZ]\d{{7}})([-. ]?)([A-Z]){AFTER}")
# In a code of persons born alike, digits may be letters.
FISCAL_FORM = re.compile(
    rf"{BEFORE}[A-Z]{{6}}[0-9L-NP-V]{{2}}[A-EHLMPR-T][0-9L-NP-V]{{2}}"
    rf"[A-Z][0-9L-NP-V]{{3}}[A-Z]{AFTER}"
)
# Looked at from each place where one may begin: what goes before must not hide it.
IBAN_FORM = re.compile(rf"{BEFORE}(?=([A-Z]{{2}}\d\d(?:[ -]?[0-9A-Z]){{11,30}}))")
EMAIL_FORM = re.compile(
    r"[^\s@<>,;:/]@[^\s@<>,;:/.]+(?:\.[^\s@<>,;:/.]+)*\.[^\W\d_]{2}"
)
DAY_FORM = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
INSTANT_FORM = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d[\d:.,]*(?:Z|[+-][\d:]+)?)?")
# Written as people write them: with the country, or in groups. Nine digits in a row
# may also be anybody's identifier: they are a number in an attribute, not in a key.
EDGE, END = r"(?<![\w+.,/-])", r"(?![\w/-]|[.,]\d)"
ABROAD_FORM = re.compile(r"(?<!\w)\+[1-9](?:[-. ()]{0,2}\d){7,14}(?!\d)")
GROUPED_FORM = re.compile(
    rf"{EDGE}(?:[6-9]\d\d([- ])\d{{3}}\1\d{{3}}|[6-9]\d\d([-. ])\d\d\2\d\d\2\d\d"
    r"|[89]\d([-. ])\d{3}\3\d\d\3\d\d|3\d\d[ /]\d{3} ?\d{3,4}|0\d{1,3}[ /]\d{6,8})"
    rf"{END}"
)
BARE_FORM = re.compile(
    rf"{EDGE}(?:(?:0034)?(?:6\d|7[1-9]|[89][1-8])\d{{7}}|(?:0039)?3[2-9]\d{{8}}"
    rf"|0039\d{{8,11}}){END}"
)

# Digits made alike and letters capitals, keys of one batch have few shapes, and next
# to none of them one of these.
ALIKE = bytes.maketrans(
    b"123456789abcdefghijklmnopqrstuvwxyz", b"000000000ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
NINE = b"0" * 9
SUSPECT = re.compile(
    rb"@|\+0|000[- ]000[- ]000|000[-. ]00[-. ]00[-. ]00"
    rb"|00[-. ]000[-. ]00[-. ]00|000[ /]000|0[ /]0{6}"
    rb"|(?<![0A-Z])(?:(?:0{8}|[XYZ]0{7})[-. ]?[A-Z](?![0A-Z])"
    rb"|[A-Z]{2}00(?:[ -]?[0A-Z]){11}"
    rb"|[A-Z]{6}[0L-V]{2}[A-T][0L-V]{2}[A-Z][0L-V]{3}[A-Z])"
)


@lru_cache(maxsize=1024)
def kind_of_column(name: str) -> str | None:
    """Say what personal data a column of this name would hold, if any."""
    plain = unicodedata.normalize("NFKD", CAMEL.sub(" ", name)).lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = WORD.findall(plain.replace("l·l", "ll"))
    for word in words:
        if word in PLAIN:
            return PLAIN[word]
    for together, kind in TOGETHER:
        if together.issubset(words):
            return kind
    found = [CORES[word] for word in words if word in CORES]
    if found and all(word in CORES or word in COMPANIONS for word in words):
        return found[0]
    return None


def kind_of_value(text: str) -> str | None:
    """Say what personal data a value looks like, if any."""
    if text.isalpha() or INSTANT_FORM.fullmatch(text):
        return None
    alike = shape(text)
    found = kind_of_key(text) if is_suspect(alike) else None
    if found is None and NINE in alike and BARE_FORM.search(text):
        return PHONE
    return found


def kind_of_key(text: str) -> str | None:
    """Say what an identifier looks like: bare digits are a number of no telephone."""
    if "@" in text and EMAIL_FORM.search(text):
        return EMAIL
    upper = text.upper()
    if any(map(_is_nif, NIF_FORM.finditer(upper))):
        return IDENTITY
    if any(_is_fiscal(match[0]) for match in FISCAL_FORM.finditer(upper)):
        return IDENTITY
    if any(_begins_with_iban(match[1]) for match in IBAN_FORM.finditer(upper)):
        return ACCOUNT
    if ABROAD_FORM.search(text) or GROUPED_FORM.search(text):
        return PHONE
    return None


def shape(key: str) -> bytes:
    """Return a key with its digits made alike, and small letters as capitals."""
    return key.encode(errors="surrogatepass").translate(ALIKE)


def is_suspect(shape: bytes) -> bool:
    """Say whether any key of a shape may look like personal data."""
    return SUSPECT.search(shape) is not None


def _is_nif(match: re.Match[str]) -> bool:
    number, gap, letter = match.groups()
    if gap and DAY_FORM.fullmatch(number):
        return False  # a day and a letter, as in a file number
    digits = number.translate(str.maketrans("XYZ", "012"))
    return CONTROL[int(digits) % len(CONTROL)] == letter


def _is_fiscal(code: str) -> bool:
    total = 0
    for place, sign in enumerate(code[:15]):
        rank = int(sign) if sign.isdigit() else ord(sign) - ord("A")
        total += rank if place % 2 else ODD[rank]
    return chr(ord("A") + total % 26) == code[15]


def _begins_with_iban(text: str) -> bool:
    """Say whether a text begins with an account number: a word may follow it."""
    length = IBAN_LENGTHS.get(text[:2], 0)
    places = [place for place, sign in enumerate(text) if sign.isalnum()]
    if not length or len(places) < length:
        return False
    end = places[length - 1] + 1
    if text[end : end + 1].isalnum():
        return False
    account = "".join(text[place] for place in places[:length])
    # Hashes are written with the letters A to F, and so are the names of a few lands.
    digits = account[4 : IBAN_DIGITS.get(text[:2], 4)]
    if digits.strip("0123456789"):
        return False
    rest = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in rest)) % 97 == 1
