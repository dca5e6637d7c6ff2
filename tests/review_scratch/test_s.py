import copy
from datetime import UTC, datetime, date
import pytest
from tests import builders
from charters.services.exchange import import_document, ExchangeError
from charters.services.publication import publish, Evidence, PublicationRefusedError
from indicators.services import figures
from indicators.services.intake import record
from indicators.models import *

NOW = builders.NOW
pytestmark = pytest.mark.django_db

def ev(i, case, type_, at): return {"id": i, "case": case, "type": type_, "at": at}

@pytest.mark.parametrize("what", ["amount_nocur","amount0","nul","tz","hugeamount","filing","dup_service","bigfiling","deftype","caltype","bignumber","unitlong","nulcode","types_empty","longtype", "gap", "slug_nl", "date99","surrogate"])
def test_fuzz(town, what):
    d = builders.charter_document()
    r = d["redress"]["measures"][0]; i = d["quality"]["commitments"][0]["indicators"][0]
    if what == "amount_nocur": r["amount"] = "10.00"
    if what == "amount0": r |= {"amount": "0.00", "currency": "EUR"}
    if what == "hugeamount": r |= {"amount": "99999999999.00", "currency": "EUR"}
    if what == "nul": d["general"]["aims"]["ca"] = "a\x00b"
    if what == "surrogate": d["general"]["aims"]["ca"] = "a\ud800b"
    if what == "nulcode": d["quality"]["commitments"][0]["service"] = "a\x00b"
    if what == "tz": d["streams"][0]["time_zone"] = "Mars/Phobos"
    if what == "filing": r["filing_days"] = -1
    if what == "bigfiling": r["filing_days"] = 10**10
    if what == "dup_service": d["general"]["services"] *= 2
    if what == "deftype": i["rule"] = {"start": 5}
    if what == "caltype": d["calendars"][0]["definition"] = {"zone": 3}
    if what == "bignumber": d["edition"]["number"] = 10**12
    if what == "unitlong": i["unit"] = "x"*41
    if what == "types_empty": d["streams"][0]["types"] = []
    if what == "longtype": d["streams"][0]["types"] = ["x"*100]
    if what == "gap": d["streams"][0]["expected_gap_days"] = 10**12
    if what == "slug_nl": d["charter"]["slug"] = "abc\n"
    if what == "date99": d["edition"]["valid_from"] = "2026-99-99"
    try:
        e = import_document(document=d, organisation=town, by=None, at=NOW).edition
        try:
            publish(edition=e, by=None, at=NOW, evidence=Evidence())
            print("PUBLISHED", what)
        except PublicationRefusedError as x: print("REFUSED", what, x)
    except ExchangeError as x: print("OK", what, x)

def test_future_stream(town):
    builders.published(builders.charter_document(valid_until="2027-01-01"), of=town)
    s = Stream.objects.get(code="requests")
    record(stream=s, lines=[(1, ev("1","a","opened","2026-02-02T10:00:00+01:00")),(2, ev("2","a","closed","2026-02-03T10:00:00+01:00"))], at=NOW)
    figures.refresh(at=NOW); 
    from engine.periods import parse_period
    print(figures.freeze(period=parse_period("2026-02"), organisation_id=None, at=NOW))
    show = lambda: print([(str(r.period_start), r.period_kind, r.status, r.state, r.revision, r.cause) for r in Result.objects.filter(period_kind="month").order_by("period_start","revision")])
    show()
    d = builders.charter_document(valid_from="2027-01-01", valid_until="2028-01-01")
    d["streams"][0]["code"] = "new"; d["quality"]["commitments"][0]["indicators"][0]["stream"] = "new"
    builders.published(d, of=town); figures.refresh(at=NOW); show()

def test_mixed(town):
    builders.published(builders.charter_document(valid_until="2027-02-01"), of=town)
    s = Stream.objects.get(code="requests")
    record(stream=s, lines=[(1, ev("1","a","opened","2026-01-12T10:00:00+01:00")),(2, ev("2","a","closed","2026-01-13T10:00:00+01:00"))]+[(3, ev("3","b","opened","2026-02-02T10:00:00+01:00")),(4, ev("4","b","closed","2026-02-03T10:00:00+01:00"))], at=NOW)
    i = builders.indicator(kind="mean_duration", comparator="<=", target="5", unit="working_days", rule={"start":{"types":["opened"]},"stop":{"types":["closed"]},"unit":"working_days"})
    d = builders.charter_document(indicators=[i], valid_from="2026-02-01", valid_until="2027-06-01")
    builders.published(d, of=town); figures.refresh(at=NOW)
    print([(str(r.period_start), r.period_kind, r.n, r.met, r.missed, r.value, r.status) for r in Result.objects.filter(period_kind__in=["month","quarter"]).order_by("period_kind","period_start")][:6])

def test_no_promise(client, charter):
    s = Stream.objects.get(code="requests")
    record(stream=s, lines=[(1, ev("1","a","opened","2025-12-31T10:00:00+01:00")),(2, ev("2","b","opened","2026-10-05T10:00:00+01:00")),(3, ev("3","b","closed","2026-10-06T10:00:00+01:00"))], at=NOW)
    figures.refresh(at=NOW)
    print([(f.case_key, f.outcome, f.reason, f.counted_on) for f in CaseFact.objects.all()])
    for path in ["/ca/vila/library/C%001/claim/", "/ca/vila/library/C%001/claim/filed/", "/ca/?q=%00&org=%00&page=%00","/api/v1/organisations/vila/streams/a%00b/events", "/ca/vila/library/"]:
        try: print(path, client.get(path).status_code)
        except Exception as x: print(path, "EXC", x)
