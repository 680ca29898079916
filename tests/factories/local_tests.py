"""Local acceptance tests: sites with closed studies, rules, tables of labels and scored cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factories import packages, routing
from factories.identity import SETUP, create_organisation, create_person
from factories.steps import InlineSteps
from factories.wards import Ward, open_ward

from inference.runs.analysis import Analyst
from inference.runs.models import Outcome
from inference.runtime.pool import Runtimes
from inference.studies import repository as studies
from inference.studies.models import Instance, Study, StudyState
from model_registry.deployments.models import Mode
from model_registry.packages.manifest import FindingSpec
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.local_tests import judging, planning, service
from surveillance.local_tests.figures import Scored
from surveillance.local_tests.models import LocalTest, LocalTestCase, LocalTestState
from surveillance.local_tests.rule import Rule
from surveillance.local_tests.tasks import LocalTestTasks
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

FINDING, OTHER = "pneumonia", "effusion"
# At these the linear model's scores lie far on either side of its threshold.
DARK, BRIGHT = 2_000, 60_000
CLAIMS: dict[str, Any] = packages.CARD | {
    "evaluation": [
        {
            "dataset": "Internal",
            "metrics": [
                {"name": "AUROC", "value": 0.9, "finding": FINDING},
                {
                    "name": "sensitivity",
                    "value": 0.9,
                    "successes": 90,
                    "n": 100,
                    "finding": FINDING,
                },
            ],
        }
    ]
}


def make_rule(**changes: Any) -> dict[str, Any]:
    """A rule that asks little: an estimate of 0.5, from one case of each kind."""
    bar = {"metric": "sensitivity", "at_least": 0.5, "on": "estimate"}
    asked = {"finding": FINDING, "bars": [bar], "min_positives": 1, "min_negatives": 1}
    left_out = {OTHER: "the site has no labels for it"}
    return {"sampling": "consecutive", "findings": [asked], "left_out": left_out} | changes


def make_plan(findings: Sequence[FindingSpec]) -> dict[str, str]:
    """The form of a plan, filled in."""
    return planning.defaults(findings, {}) | {
        "title": "Winter",
        f"{FINDING}-sensitivity": "0.8",
        f"{FINDING}-on": "estimate",
        f"{FINDING}-auc_margin": " 0.05 ",
        f"{FINDING}-min_positives": "60",
        f"{FINDING}-threshold": "0.4",
        f"{OTHER}-tested": "no",
        f"{OTHER}-left_out": "no labels for it here",
        "group_sensitivity": "0.6",
        "axis-view": "",
    }


def make_table(uids: Mapping[str, int | str], column: str = "study_instance_uid") -> bytes:
    lines = [f"{uid},{label}" for uid, label in uids.items()]
    return "\n".join([f"{column},{FINDING}", *lines]).encode()


def make_scored(
    label: bool,
    score: float | None,
    *,
    threshold: float = 0.5,
    patient: str = "",
    finding: str = FINDING,
    levels: Mapping[str, str] | None = None,
) -> Scored:
    return Scored(
        finding=finding,
        label=label,
        outcome=Outcome.SKIPPED if score is None else Outcome.SUCCEEDED,
        reason="patient_age unknown" if score is None else None,
        score=score,
        flagged=None if score is None else score >= threshold,
        levels=levels or {},
        patient=patient or f"{label} {score} {levels}",
    )


@dataclass(frozen=True)
class Clinic:
    """A site with a checked version, its officer, and a manager of the network."""

    ward: Ward
    officer: Actor
    manager: Actor

    @property
    def parts(self) -> Parts:
        return self.ward.parts

    @property
    def site_id(self) -> str:
        return self.ward.site.id

    @property
    def version_id(self) -> str:
        return self.ward.version.id

    def receive(self, value: int, **elements: Any) -> Study:
        """A study of one image that is complete, and that nothing was planned for."""
        return self._closed(self.ward.receive(value, **elements))

    def file(self, data: bytes) -> Study:
        """The same, from a file."""
        return self._closed(self.ward.file(data))

    def _closed(self, study: Study) -> Study:
        with self.parts.database.write() as session:
            kept = session.get_one(Study, study.id)
            kept.state = StudyState.CLOSED
            session.add(kept)
        return study

    def digest(self, study: Study) -> str:
        """The object that holds a study's first image."""
        with self.parts.database.read() as session:
            return studies.instances(session, SETUP, study.id)[0].digest

    def image(self, uid: str) -> Instance:
        with self.parts.database.read() as session:
            found = studies.instance_by_uid(session, SETUP, self.site_id, uid)
        assert found is not None
        return found

    def plan(self, rule: dict[str, Any] | None = None, **changes: Any) -> LocalTest:
        facts: dict[str, Any] = {"title": "First test", "reason": "before go-live"}
        with self.parts.database.write() as session:
            return service.plan(
                session,
                self.officer,
                version_id=self.version_id,
                site_id=self.site_id,
                rule=service.read_rule(rule or make_rule()),
                **(facts | changes),
            )

    def label(self, test: LocalTest, table: bytes) -> Any:
        with self.parts.database.write() as session:
            return service.add_labels(
                session, self.officer, test_id=test.id, content=table, reason="two readers"
            )

    def start(self, test: LocalTest) -> LocalTest:
        with self.parts.database.write() as session:
            return service.start(
                session, self.officer, self.parts.queue, test_id=test.id, reason="labels are in"
            )

    def tasks(self, runtimes: Runtimes) -> LocalTestTasks:
        return LocalTestTasks(self.parts, Analyst(self.parts.objects, runtimes))

    def run(
        self, runtimes: Runtimes, test: LocalTest, steps: InlineSteps | None = None
    ) -> LocalTest:
        self.tasks(runtimes).run(steps or InlineSteps(self.parts.database), test.id)
        return self.read(test)

    def read(self, test: LocalTest) -> LocalTest:
        with self.parts.database.read() as session:
            return service.local_test(session, self.officer, test.id)


def open_clinic(parts: Parts, model: str = "ACME/linear-three", **version: Any) -> Clinic:
    options = {"card_yaml": packages.yaml_bytes(CLAIMS)} | version
    rule = routing.make_rule(name="everything", when="rows > 0", model=model)
    ward = open_ward(parts, rule, mode=Mode.SHADOW, **options)
    with parts.database.write() as session:
        made = session.get_one(ModelVersion, ward.version.id)
        made.status = VersionStatus.CHECKED
        session.add(made)
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return Clinic(
            ward,
            create_person(session, "RXX", Role.CSO),
            create_person(session, "NET", Role.NETWORK_MANAGER),
        )


def rule_of(**changes: Any) -> Rule:
    return Rule.model_validate(make_rule(**changes))


def finished(
    clinic: Clinic, cases: int, rule: dict[str, Any] | None = None, *, misses: int = 0
) -> LocalTest:
    """A test whose cases were run, without running them."""
    test = clinic.plan(rule)
    study = clinic.receive(DARK)
    with clinic.parts.database.write() as session:
        for number in range(cases):
            label = number % 2 == 0
            score = number / cases if number < misses else 0.5 + number / cases / 2
            session.add(
                LocalTestCase(
                    id=session.new_id("ltc"),
                    local_test_id=test.id,
                    site_id=clinic.site_id,
                    study_id=study.id,
                    finding_key=FINDING,
                    label=label,
                    outcome=Outcome.SUCCEEDED,
                    score=score,
                    flagged=score >= 0.5,
                    levels={"sex": "F"},
                )
            )
        row = session.get_one(LocalTest, test.id)
        row.state = LocalTestState.RUNNING
        session.add(row)
    facts = judging.evaluate(clinic.parts, clinic.officer, test.id)
    with clinic.parts.database.write() as session:
        return judging.finish(session, clinic.officer, clinic.parts.objects, test.id, facts)
