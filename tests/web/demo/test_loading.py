"""The whole load, once: what the town looks like afterwards."""

from datetime import date
from io import StringIO

from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import TestCase

from accounts.enums import Role
from accounts.models import Organisation, Unit
from accounts.rules import roles_of
from charters.enums import Standing
from charters.models import Charter, Edition
from charters.queries.editions import draft_of, in_force
from charters.rules import standing
from commitments.models import Suspension
from core.models import AuditEntry
from feedback.enums import ClaimState
from feedback.models import Claim
from indicators.enums import ManualState, ResultState, ResultStatus
from indicators.models import (
    CalendarVersion,
    CaseFact,
    Indicator,
    ManualValue,
    Result,
    ServiceEvent,
    StaleMark,
    StreamToken,
)
from indicators.queries.history import chain_of, restated_after
from indicators.services.causes import LATE_EVENTS
from indicators.services.verification import verify
from web.demo import loading
from web.demo.streets import CLEANER, OTHER_CLEANER
from web.demo.town import clock

TODAY = date(2026, 11, 23)
SCALE = 0.25


def run_demo(*arguments: str) -> str:
    out = StringIO()
    call_command(
        "demo", "--today", TODAY.isoformat(), "--scale", str(SCALE), *arguments,
        stdout=out,
    )  # fmt: skip
    return out.getvalue()


class TestLoadedTown(TestCase):
    """Loaded once for all of these tests."""

    printed: str
    town: Organisation

    @classmethod
    def setUpTestData(cls) -> None:
        cls.printed = run_demo("--users")
        cls.town = Organisation.objects.get(slug="vilalzina")

    def test_command_prints_what_it_made_and_who_can_log_in(self):
        first, *people = self.printed.splitlines()
        events = ServiceEvent.objects.exclude(stream__code="reclamacions").count()
        frozen = Result.objects.filter(state=ResultState.FROZEN, declared=None)
        final = frozen.count()
        assert first == f"vilalzina: {events} events, 14 claims, {final} final figures"
        assert len(people) == 10
        assert people[0].split() == [
            "drafter",
            "aina.casals@example.org",
            "paraula-demo",
        ]

    def test_running_it_again_changes_nothing(self):
        def rows():
            return [
                model.objects.count()
                for model in (Organisation, Edition, ServiceEvent, Result, AuditEntry)
            ]

        before = rows()
        assert run_demo().strip() == "vilalzina exists already: nothing was changed"
        assert run_demo("--if-empty", "--users").count("paraula-demo") == 10
        assert rows() == before

    def test_people_of_every_role_can_log_in(self):
        found = set()
        for role, email in loading.people():
            user = authenticate(username=email, password=loading.PASSWORD)
            assert user is not None, email
            assert roles_of(user, self.town) == {role.upper()}
            found.add(role.upper())
        assert found == set(Role.values)

    def test_charters_are_in_force_with_evidence_and_a_unit(self):
        editions = in_force(on=TODAY).filter(organisation=self.town)
        assert editions.count() == 4
        for edition in editions:
            step = edition.steps.get(kind="PUBLISHED")
            assert step.authority == "Ple municipal"
            assert step.act_on < step.taken_at.date() < edition.valid_from
            assert step.gazette
            assert edition.charter.unit is not None
        assert Unit.objects.get(code="BIB").parent.code == "GER"

    def test_charter_that_expires_first_has_a_draft(self):
        charter = Charter.objects.get(slug="llicencies-activitats")
        draft = draft_of(charter)
        assert (draft.number, draft.valid_from) == (2, date(2027, 1, 1))
        assert standing(draft, on=TODAY) is Standing.DRAFT
        others = Charter.objects.exclude(pk=charter.pk)
        assert [draft_of(other) for other in others] == [None] * 3

    def test_every_indicator_has_figures_of_the_period_it_promises(self):
        for indicator in Indicator.objects.all():
            period = indicator.rules.first().period
            assert Result.objects.filter(
                indicator=indicator, period_kind=period
            ).exists()
        assert not StaleMark.objects.exists()

    def test_figures_tell_good_bad_and_unknown_apart(self):
        found = set(Result.objects.values_list("status", flat=True))
        assert found >= {
            ResultStatus.MET,
            ResultStatus.UNMET,
            ResultStatus.NO_DATA_YET,
            ResultStatus.TOO_FEW_CASES,
            ResultStatus.NO_CASES,
        }

    def test_cleaning_has_figures_of_each_company(self):
        lines = Result.objects.filter(indicator__code="VIA-05").exclude(segment="")
        assert set(lines.values_list("segment", flat=True)) == {CLEANER, OTHER_CLEANER}
        keys = StreamToken.objects.filter(stream__code="incidencies")
        assert set(keys.values_list("operator", flat=True)) == {
            "", CLEANER, OTHER_CLEANER,
        }  # fmt: skip
        assert not keys.filter(last_used_at=None).exists()
        response = self.client.get("/ca/vilalzina/via-publica/")
        assert CLEANER in response.content.decode()
        assert OTHER_CLEANER in response.content.decode()

    def test_silent_switchboard_has_no_figure_for_this_month(self):
        line = Result.objects.get(
            indicator__code="OAC-04",
            period_kind="month",
            period_start=date(2026, 11, 1),
        )
        assert (line.status, line.value) == (ResultStatus.NO_DATA_YET, None)

    def test_past_figures_are_final_and_some_were_restated(self):
        states = {
            state: Result.objects.filter(state=state) for state in ResultState.values
        }
        assert all(lines.exists() for lines in states.values())
        assert not states[ResultState.PROVISIONAL].filter(
            period_end__lt=date(2026, 5, 1)
        )
        for line in states[ResultState.RESTATED].filter(revision=1):
            before = Result.objects.get(
                indicator=line.indicator,
                period_kind=line.period_kind,
                period_start=line.period_start,
                segment=line.segment,
                revision=0,
            )
            assert before.state == ResultState.FROZEN
            assert before.inputs_digest != line.inputs_digest

    def test_calendar_that_lacked_holidays_was_mended_and_its_figures_restated(self):
        restated = Result.objects.filter(
            restated_by__isnull=False, declared__isnull=True
        )
        assert {line.indicator.code for line in restated} == {"VIA-02"}
        assert {line.restated_by.email for line in restated} == {
            "merce.dalmau@example.org"
        }
        assert "festes locals" in restated.first().cause
        numbers = CalendarVersion.objects.filter(calendar__code="dies-enllumenat")
        assert sorted(numbers.values_list("number", flat=True)) == [1, 2]

    def test_what_no_system_records_is_declared_and_once_corrected(self):
        lines = Result.objects.filter(indicator__code="VIA-10")
        assert set(lines.values_list("period_kind", flat=True)) == {"quarter"}
        assert not lines.filter(declared=None).exists()
        corrected = lines.get(revision=1)
        assert (corrected.period_start, corrected.met) == (date(2025, 7, 1), 584)
        waiting = ManualValue.objects.get(state=ManualState.WAITING)
        assert waiting.period_start == date(2026, 7, 1)
        verdicts = set(lines.values_list("status", flat=True))
        assert verdicts == {ResultStatus.MET, ResultStatus.UNMET}

    def test_an_event_was_corrected_by_hand_and_restated_a_figure(self):
        entry = AuditEntry.objects.get(verb="indicators.correct")
        made = ServiceEvent.objects.get(
            external_id=entry.subject.removeprefix("incidencies/")
        )
        assert entry.details["replaces"] == made.replaces
        assert restated_after(chain_of(made), cause=LATE_EVENTS)

    def test_two_commitments_are_suspended_one_of_them_still(self):
        rows = Suspension.objects.order_by("from_on").values_list(
            "charter__slug", "commitment", "from_on", "until_on"
        )
        assert list(rows) == [
            ("via-publica", "C1", date(2026, 1, 1), date(2026, 2, 1)),
            ("biblioteca", "C2", date(2026, 8, 15), None),
        ]
        for code, kind, start in (
            ("VIA-01", "month", date(2026, 1, 1)),
            ("BIB-03", "quarter", date(2026, 7, 1)),
        ):
            line = Result.objects.filter(
                indicator__code=code, period_kind=kind, period_start=start, segment=""
            ).latest("revision")
            assert line.whole["n"] > line.n
            assert line.excluded["suspended"] == line.whole["n"] - line.n

    def test_kinds_beyond_shares_means_and_scores_have_their_figures(self):
        found = {
            code: set(
                Result.objects.filter(indicator__code=code).values_list(
                    "status", flat=True
                )
            )
            for code in ("LLI-10", "BIB-11", "OAC-10", "OAC-11")
        }
        verdicts = {ResultStatus.MET, ResultStatus.UNMET}
        assert all(found[code] & verdicts for code in found), found

    def test_september_and_each_site_are_judged_by_their_own_target(self):
        lines = Result.objects.filter(indicator__code="OAC-01", period_kind="month")
        targets = dict(lines.values_list("period_start", "target"))
        assert targets[date(2026, 9, 1)] == 75
        assert targets[date(2026, 10, 1)] == 85
        assert set(lines.values_list("segment", flat=True)) == {"", "centre", "estacio"}

    def test_claims_stand_in_every_state_and_are_about_cases(self):
        claims = Claim.objects.filter(organisation=self.town)
        assert set(claims.values_list("state", flat=True)) == set(ClaimState.values)
        for claim in claims.exclude(case_key=""):
            assert ServiceEvent.objects.filter(case_key=claim.case_key).exists()
            assert CaseFact.objects.filter(case_key=claim.case_key).exists()

    def test_one_claim_was_answered_too_late(self):
        facts = CaseFact.objects.filter(indicator__code="VIA-09")
        assert facts.filter(outcome="missed").count() == 1
        for code in ("BIB-10", "OAC-09"):
            outcomes = CaseFact.objects.filter(indicator__code=code)
            assert set(outcomes.values_list("outcome", flat=True)) <= {"met", "open"}

    def test_every_act_left_its_entry(self):
        verbs = set(
            AuditEntry.objects.filter(organisation_id=self.town.pk).values_list(
                "verb", flat=True
            )
        )
        assert verbs >= {
            "accounts.create_organisation",
            "accounts.create_unit",
            "accounts.grant",
            "charters.import",
            "charters.publish",
            "commitments.suspend",
            "feedback.decide",
            "indicators.calendar",
            "indicators.confirm",
            "indicators.correct",
            "indicators.declare",
            "indicators.restate",
        }

    def test_every_figure_follows_from_the_log(self):
        assert list(verify(at=clock(TODAY, 18))) == []
