"""
Guess from the first rows of somebody's file how they become events.

Pure functions: bytes or rows in, a guess out. What is guessed is only ever offered to
a person, and what the rows do not decide is said to be open. A column that looks like
personal data is named and its cells are not looked at any further.
"""

import codecs
import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from indicators.services.mapping import (
    Cell,
    FileMapping,
    LongEvents,
    WideEvent,
    cell_text,
    start_of_period,
)
from indicators.services.personal import kind_of_column, kind_of_value

DELIMITERS = ",;\t|"
# What people write where there is nothing. "NA" is also somebody's case.
MARKS = (
    "-", "--", "---", "–", "—", "?", ".", "/", "NA", "N/A", "n/a", "#N/A", "NULL",
    "null", "None", "nan", "NaN",
)  # fmt: skip
# Those that are hardly ever anything else.
SURE_MARKS = frozenset({"-", "--", "---", "–", "—", "?"})
MOST_TYPES = 60
MOST_WORDS = 4
# Of the cells of a column, how many must look personal for the column to be left out.
PERSONAL_SHARE = 0.2
# A column of dates is one still if some of them have typing errors.
DATED_SHARE = 0.6
UNIQUE_SHARE = 0.98
NAMED_SHARE = 0.5

DAY_FORM = re.compile(
    r"(?P<first>\d{4}|\d{1,2})(?P<mark>[/.-])\d{1,2}(?P=mark)(?P<last>\d{4}|\d{1,2})"
    r"(?P<gap>[ T]+\d{1,2}:\d{2}(?P<second>:\d{2}(?P<part>\.\d{1,6})?)?"
    r"(?P<half> ?[AaPp][Mm])?)?"
)
ISO_FORM = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER_FORM = re.compile(r"[+-]?\d+(?:[.,' ]\d+)*")
# Marks of numbers that can be read one way only.
COMMA_IS_DECIMAL = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),(?!\d{3}$)\d+")
POINT_IS_DECIMAL = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)\.(?!\d{3}$)\d+")
GROUPS = re.compile(r"[+-]?\d{1,3}(?:([.,' ])\d{3}){2,}")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORD = re.compile(r"[a-z]+")

CASE_WORDS = frozenset(
    """
    case caso cas expedient expediente pratica fascicolo ticket incident incidencia
    key clave clau chiave ref reference referencia riferimento respnum enquiry id
    identifier identificador num numero number nr request solicitud sollicitud
    richiesta registre registro protocol protocolo protocollo codi codigo codice
    """.split()  # noqa: SIM905 -- read as a text
)
FIRST_CASE_WORDS = frozenset({"case", "cas", "caso", "expedient", "expediente"})
TYPE_WORDS = frozenset(
    """
    type event activity concept esdeveniment evento activitat actividad attivita
    tipus tipo fase phase tramit tramite estat estado stato status action accio
    accion azione
    """.split()  # noqa: SIM905
)
VALUE_WORDS = frozenset(
    """
    value valor valore score puntuacio puntuacion punteggio nota voto rating
    satisfaction satisfaccio satisfaccion soddisfazione
    """.split()  # noqa: SIM905
)
PERIOD_WORDS = frozenset(
    """
    period periode periodo year any ano anno quarter trimestre month mes mese
    """.split()  # noqa: SIM905
)
STAMP_WORDS = frozenset(
    """
    timestamp time date datetime data fecha hora ora instant when day dia giorno
    """.split()  # noqa: SIM905
)
EVENT_ID_WORDS = frozenset({"event", "esdeveniment", "evento", "id", "identifier"})
# Instants at which something should happen are no events.
PLANNED_WORDS = frozenset(
    """
    due deadline target planned limit termini termine plazo venciment vencimiento
    scadenza previst previsto prevista planificat planificado updated update
    actualitzacio actualizacion aggiornamento
    """.split()  # noqa: SIM905
)
# Words by which offices call the same happening, so that a column finds its type.
HAPPENINGS = tuple(
    frozenset(words.split())
    for words in """
    opened open opening created creation received receipt registered submitted
    requested request start started begin began in entry entrada entrat registre
    registrat registrada rebut rebuda obert oberta obertura alta inici presentat
    presentada presentacio sollicitat sollicitud creat creada creacio recibido
    recibida abierto abierta apertura inicio presentado presentacion solicitado
    solicitud creado creacion registro registrado ingresso ricevuto ricevuta
    ricezione aperto aperta inizio presentazione creato creata creazione
    richiesta registrazione

    closed close closing resolved resolution solved finished finish end ended
    out completed complete completion done answered answer tancat tancada
    tancament resolt resolta resolucio fi final finalitzat finalitzada sortida
    respost resposta contestat cerrado cerrada cierre resuelto resuelta
    resolucion fin finalizado finalizada salida respondido respuesta contestado
    chiuso chiusa chiusura risolto risolta risoluzione fine concluso conclusa
    uscita risposta

    cancelled canceled cancellation withdrawn withdrawal desistit desistiment
    anullat anullada anullacio retirat retirada desistido desistimiento anulado
    anulada anulacion cancelado cancelada annullato annullata ritirato ritirata

    paused pause suspended requirement requirementsent requerit requeriment
    requerido requerimiento sospeso sospesa sospensione suspes suspensio
    suspendido suspension

    served notified notification notificat notificada notificacio notificado
    notificacion notificato notificata notifica
    """.split("\n\n")  # noqa: SIM905 -- read as a text
)


@dataclass(frozen=True, slots=True)
class Declared:
    """
    What a stream says of itself.

    :ivar allowed: columns that only look like personal data there.
    """

    types: tuple[str, ...]
    attributes: tuple[str, ...]
    zone: ZoneInfo
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a file.

    :ivar personal: what personal data it looks like: it is refused, and ``texts`` is
        empty.
    :ivar formats: how its cells can be read as instants: entries of
        ``datetime_format``, of which the empty one is ISO 8601; none if they cannot.
    :ivar native: its cells are dates of a workbook, which need no format.
    :ivar number: its cells are numbers.
    :ivar texts: its cells, without those that say nothing.
    """

    name: str
    personal: str | None = None
    formats: tuple[str, ...] = ()
    native: bool = False
    number: bool = False
    texts: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """Say whether it holds instants."""
        return self.native or bool(self.formats)

    def samples(self, most: int = 3) -> list[str]:
        """Return its first different cells."""
        return list(dict.fromkeys(self.texts))[:most]


@dataclass(frozen=True, slots=True)
class Guess:
    """
    A guess at a file.

    :ivar mapping: where nothing could be guessed, its parts are empty.
    :ivar columns: all of them, in order.
    :ivar open_formats: the rows do not decide between these readings of their dates,
        the day first and the month first; empty if they do.
    """

    mapping: FileMapping
    columns: tuple[Column, ...]
    open_formats: tuple[str, ...] = ()


# --- how a file is written --------------------------------------------------------


def guess_encoding(chunks: Iterable[bytes]) -> str:
    """
    Guess the encoding of a text from all of its bytes.

    UTF-8 proves itself: hardly any other text is valid by accident. Of what is left,
    Windows has letters and quotation marks where Latin-1 has control characters.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, controls, first = True, False, b""
    for chunk in chunks:
        first = first or chunk[:2]
        if first in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        controls = controls or any(0x80 <= sign <= 0x9F for sign in chunk)
        if valid:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                valid = False
    if valid and not decoder.getstate()[0]:
        return "utf-8-sig"
    return "cp1252" if controls else "latin-1"


def guess_delimiter(lines: Sequence[str]) -> str:
    """
    Guess the delimiter of a table from its first lines.

    The right one gives every line as many cells as the header, and more than one.
    """
    best, found = (0.0, 0), ","
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        share = sum(len(row) == width for row in rows) / len(rows)
        if (share, width) > best:
            best, found = (share, width), delimiter
    return found


# --- what its columns hold --------------------------------------------------------


def columns_of(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    allowed: Collection[str] = (),
) -> tuple[Column, ...]:
    """
    Say what the columns of a table hold.

    :param rows: the first ones; those that are as wide as the header count.
    :param allowed: names that only look like personal data.
    """
    whole = [row for row in rows if len(row) == len(header)]
    # Of columns of one name the last is read, as mappings do.
    places = {name: place for place, name in enumerate(header)}
    return tuple(
        _column(name, [row[place] for row in whole], name in allowed)
        for name, place in places.items()
        if name.strip() and _storable(name)
    )


def _column(name: str, cells: Sequence[Cell], allowed: bool) -> Column:
    if not allowed and (kind := kind_of_column(name)):
        return Column(name, personal=kind)
    filled = [text for cell in cells if (text := cell_text(cell).strip())]
    if not allowed and (kind := _kind_of_most(filled)):
        return Column(name, personal=kind)
    said = [text for text in filled if text not in MARKS]
    native = any(isinstance(cell, datetime) for cell in cells)
    formats = () if native else _formats(said)
    return Column(
        name,
        formats=formats,
        native=native,
        number=bool(said) and not formats and all(map(NUMBER_FORM.fullmatch, said)),
        texts=tuple(filled),
    )


def _kind_of_most(texts: Sequence[str]) -> str | None:
    kinds = Counter(kind for text in texts if (kind := kind_of_value(text)))
    if kinds.total() > PERSONAL_SHARE * len(texts):
        return kinds.most_common(1)[0][0]
    return None


def _storable(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in name)


def _formats(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the formats in which nearly all texts can be read, the best only."""
    if not texts:
        return ()
    different = Counter(texts)
    if _share(different, _is_iso) >= DATED_SHARE:
        return ("",)
    tried = sorted({form for text in different for form in _forms_of(text)})
    shares = {form: _share(different, partial(_fits, form=form)) for form in tried}
    best = max(shares.values(), default=0.0)
    if best < DATED_SHARE:
        return ()
    # One text that cannot be read the other way decides.
    return tuple(form for form, share in shares.items() if share == best)


def _share(texts: Counter[str], holds: Callable[[str], bool]) -> float:
    return sum(n for text, n in texts.items() if holds(text)) / texts.total()


def _is_iso(text: str) -> bool:
    if not ISO_FORM.match(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 -- only whether it can be read
    except ValueError:
        return False
    return True


def _forms_of(text: str) -> Iterator[str]:
    """Yield the formats that a text may have been written in."""
    found = DAY_FORM.fullmatch(text)
    if found is None:
        return
    mark = found["mark"]
    if len(found["first"]) > 2:
        orders = ["%Y{0}%m{0}%d"]
    else:
        year = "%Y" if len(found["last"]) > 2 else "%y"
        orders = ["%d{0}%m{0}" + year, "%m{0}%d{0}" + year]
    for order in orders:
        yield order.format(mark) + _time_form(found)


def _time_form(found: re.Match[str]) -> str:
    if not found["gap"]:
        return ""
    hour = "%I" if found["half"] else "%H"
    form = ("T" if "T" in found["gap"] else " ") + f"{hour}:%M"
    form += ":%S" if found["second"] else ""
    form += ".%f" if found["part"] else ""
    half = found["half"] or ""
    return form + (" %p" if half.startswith(" ") else "%p" if half else "")


# --- what becomes of them ---------------------------------------------------------


def guess(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    declared: Declared,
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
) -> Guess:
    """
    Guess how the rows of a table become events of a stream.

    :param rows: the first ones, without the header.
    """
    columns = columns_of(header, rows, allowed=declared.allowed)
    return _Guesser(columns, declared).guess(encoding, delimiter)


class _Guesser:
    """Guesses at one table."""

    def __init__(self, columns: Sequence[Column], declared: Declared) -> None:
        self.columns = tuple(columns)
        self.declared = declared
        self.read = [column for column in columns if column.personal is None]
        self.formats = _common_formats(self.read)
        self.dated = [
            column
            for column in self.read
            if column.native or set(self.formats) & set(column.formats)
        ]
        self.plain = [column for column in self.read if column not in self.dated]
        self.height = max((len(column.texts) for column in self.read), default=0)

    def guess(self, encoding: str, delimiter: str) -> Guess:
        long = self._long()
        case = long[0] if long else self._wide_case()
        decimal, thousands = _number_marks(self.plain)
        mapping = FileMapping(
            zone=self.declared.zone,
            case=case.name if case else "",
            id=self._id(case) if long else "",
            attributes=self._attributes(self.plain),
            instants=self._attributes(self.dated),
            encoding=encoding,
            delimiter=delimiter,
            missing=frozenset({"", *self._marks(case)}),
            datetime_format=self.formats[0] if self.formats else "",
            decimal=decimal,
            thousands=thousands,
            wide=() if long else tuple(self._wide()),
            long=long[1] if long else None,
        )
        is_open = len(self.formats) > 1
        return Guess(mapping, self.columns, self.formats if is_open else ())

    # A line for each event.

    def _long(self) -> tuple[Column, LongEvents] | None:
        """Return the column of the case and the rest, if it is a table of events."""
        case = max(self._cases(), key=self._fitness_of_repeated, default=None)
        at = self._at()
        type_ = self._type_column(case) if case else None
        if case is None or at is None or type_ is None:
            return None
        if not self._says_types(type_) and not self._repeats_by_name(case):
            return None
        value = next((c.name for c in self.plain if _is_value(c)), "")
        types = self._types_of(type_)
        unnamed = set(type_.texts) - set(types) - set(MARKS)
        other = "skip" if types and unnamed else "keep"
        return case, LongEvents(type_.name, at.name, value, types, other)

    def _repeats_by_name(self, case: Column) -> bool:
        """Say whether a column is named like cases, better than any without repeats."""
        unique = [_case_rank(c) for c in self._cases() if self._is_unique(c)]
        return _case_rank(case) > max(unique, default=0)

    def _type_column(self, case: Column) -> Column | None:
        found = [
            column
            for column in self.plain
            if column is not case
            and not column.number
            and 0 < len(set(column.texts)) <= MOST_TYPES
            and self._is_full(column, TYPE_WORDS)
        ]
        said = [column for column in found if self._says_types(column)]
        named = [column for column in found if _words(column.name) & TYPE_WORDS]
        return next(iter(said or named), None)

    def _says_types(self, column: Column) -> bool:
        """Say whether what a column says are mostly types of the stream."""
        known = {_plain(name) for name in self.declared.types}
        texts = set(column.texts)
        return 2 * sum(_plain(text) in known for text in texts) >= len(texts) > 0

    def _types_of(self, column: Column) -> dict[str, str]:
        found: dict[str, str] = {}
        for text in dict.fromkeys(column.texts):
            type_ = self._type_called(text, set(found.values()))
            if type_:
                found[text] = type_
        return found

    def _at(self) -> Column | None:
        happened = [c for c in self.dated if not _words(c.name) & PLANNED_WORDS]
        stamped = [c for c in happened if _words(c.name) & STAMP_WORDS]
        return next(iter(stamped or happened), None)

    def _id(self, case: Column | None) -> str:
        for column in self.plain:
            if column is not case and self._is_unique(column):
                words = _words(column.name)
                if words and words <= EVENT_ID_WORDS:
                    return column.name
        return ""

    # A line for each case.

    def _wide(self) -> Iterator[WideEvent]:
        happened = [c for c in self.dated if not _words(c.name) & PLANNED_WORDS]
        if len(self.dated) == 1:
            yield from self._valued(self.dated[0])
            return
        taken: set[str] = set()
        for column in happened:
            type_ = self._type_called(column.name, taken)
            if type_:
                taken.add(type_)
                yield WideEvent(type_, column.name)

    def _valued(self, at: Column) -> Iterator[WideEvent]:
        """Yield the events of a table with one instant a line, as of a survey."""
        numbers = [column for column in self.plain if column.number]
        by_name = {_plain(column.name): column.name for column in numbers}
        valued = [type_ for type_ in self.declared.types if _plain(type_) in by_name]
        if valued:
            for type_ in valued:
                yield WideEvent(type_, at.name, by_name[_plain(type_)])
            return
        only = self.declared.types[0] if len(self.declared.types) == 1 else ""
        type_ = self._type_called(at.name, set()) or only
        if type_:
            value = next((c.name for c in numbers if _is_value(c)), "")
            yield WideEvent(type_, at.name, value)

    def _wide_case(self) -> Column | None:
        unique = [column for column in self._cases() if self._is_unique(column)]
        found = unique or [c for c in self._cases() if _case_rank(c)]
        return max(found, key=_case_rank, default=None)

    # Both.

    def _cases(self) -> list[Column]:
        return [
            column
            for column in self.plain
            if self._is_full(column, CASE_WORDS | FIRST_CASE_WORDS)
        ]

    def _fitness_of_repeated(self, column: Column) -> tuple[int, bool, int]:
        named = _case_rank(column)
        return named, not self._is_unique(column), len(set(column.texts))

    def _is_full(self, column: Column, named: Collection[str]) -> bool:
        """Say whether nearly no cell is empty: of a column with such a name, half."""
        needed = NAMED_SHARE if _words(column.name) & set(named) else UNIQUE_SHARE
        return 0 < needed * self.height <= len(column.texts)

    def _is_unique(self, column: Column) -> bool:
        return len(set(column.texts)) >= UNIQUE_SHARE * len(column.texts) > 0

    def _type_called(self, text: str, taken: Collection[str]) -> str:
        """Return the type that a text names: by its own name, or by another word."""
        left = [name for name in self.declared.types if name not in taken]
        exact = [name for name in self.declared.types if _plain(name) == _plain(text)]
        if exact:
            return exact[0]
        words = _words(text)
        # A long text speaks of many things.
        named = words if len(words) <= MOST_WORDS else frozenset()
        for name in left:
            if (own := _words(name)) and own <= words:
                return name
        for name in left:
            own = _words(name)
            if any(group & named and group & own for group in HAPPENINGS):
                return name
        return ""

    def _attributes(self, columns: Sequence[Column]) -> tuple[str, ...]:
        return tuple(c.name for c in columns if c.name in self.declared.attributes)

    def _marks(self, case: Column | None) -> set[str]:
        """Return what stands for nothing, unless it is the name of a case."""
        found = {
            text
            for column in self.read
            for text in set(column.texts) & set(MARKS)
            if column.dated or column.number or text in SURE_MARKS
        }
        return found - set(case.texts if case else ())


def _common_formats(columns: Sequence[Column]) -> tuple[str, ...]:
    """
    Return the formats that most columns of dates can be read in.

    More than one if nothing decides between them; the day first comes first.
    """
    counted = Counter(form for column in columns for form in column.formats)
    if not counted:
        periods = [
            c for c in columns if _words(c.name) & PERIOD_WORDS and _is_period(c)
        ]
        return ("period",) if periods else ()
    most = max(counted.values())
    return tuple(sorted(form for form, n in counted.items() if n == most))


def _is_period(column: Column) -> bool:
    said = [text for text in column.texts if text not in MARKS]
    try:
        for text in set(said):
            start_of_period(text)
    except ValueError:
        return False
    return bool(said)


def _case_rank(column: Column) -> int:
    words = _words(column.name)
    return 2 if words & FIRST_CASE_WORDS else int(bool(words & CASE_WORDS))


def _is_value(column: Column) -> bool:
    return column.number and bool(_words(column.name) & VALUE_WORDS)


def _number_marks(columns: Sequence[Column]) -> tuple[str, str]:
    """Return the marks of decimals and of thousands that the numbers are written with."""
    texts = [text for column in columns if column.number for text in column.texts]
    decimals = Counter(
        mark
        for text in texts
        for mark, form in ((",", COMMA_IS_DECIMAL), (".", POINT_IS_DECIMAL))
        if form.fullmatch(text)
    )
    groups = Counter(found[1] for text in texts if (found := GROUPS.fullmatch(text)))
    unsaid = "," if groups["."] else "."
    decimal = decimals.most_common(1)[0][0] if decimals else unsaid
    grouped = Counter(
        mark
        for text in texts
        for mark in ".,' "
        if mark != decimal and mark in text.lstrip("+-")
    )
    return decimal, grouped.most_common(1)[0][0] if grouped else ""


def _words(name: str) -> frozenset[str]:
    return frozenset(WORD.findall(_folded(name)))


def _plain(name: str) -> str:
    """Return a name without what people change in it: case, accents and signs."""
    return "".join(letter for letter in _folded(name) if letter.isalnum())


def _folded(name: str) -> str:
    parts = unicodedata.normalize("NFKD", CAMEL.sub(" ", name)).lower()
    kept = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return kept.replace("l·l", "ll")
