"""The durable run of a test, in pieces that a crash may cut off.

A piece writes what its studies came to; done again it skips those that have an outcome. A piece
that fails is taken apart, so that one study that cannot be read costs that study alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.runs.analysis import Analyst
from surveillance.local_tests import judging, repository, running
from surveillance.local_tests.models import LocalTestState
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.errors import VigilError
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

ACTOR = system_actor("surveillance")
PIECE = 20


@dataclass(frozen=True)
class LocalTestTasks:
    parts: Parts
    analyst: Analyst

    def run(self, steps: Steps, test_id: str) -> None:
        """Run every study of a test, evaluate it, and draft its acceptance."""
        studies = steps.run("list", self._studies, test_id)
        if not studies:
            # Another execution brought it to its end.
            return
        for place in range(0, len(studies), PIECE):
            self._piece(steps, test_id, studies[place : place + PIECE], place)
        try:
            facts = steps.run("judge", judging.evaluate, self.parts, ACTOR, test_id)
        except StepFailed as error:
            why = f"not evaluated after {error.attempts} attempts: {error.cause}"
        except VigilError as error:
            why = error.detail
        else:
            steps.transact("finish", self._finish, test_id, facts)
            return
        steps.transact("give up", self._give_up, test_id, why)

    def _studies(self, test_id: str) -> list[str]:
        with self.parts.database.read() as session:
            row = repository.local_test(session, ACTOR, test_id)
            if row is None or row.state is not LocalTestState.RUNNING:
                return []
            return list(repository.study_ids(session, ACTOR, test_id))

    def _piece(self, steps: Steps, test_id: str, studies: Sequence[str], place: int) -> None:
        try:
            steps.run(f"studies from {place}", self._run, test_id, list(studies))
        except (StepFailed, VigilError):
            for number, study_id in enumerate(studies, start=place):
                self._one(steps, test_id, study_id, number)

    def _one(self, steps: Steps, test_id: str, study_id: str, number: int) -> None:
        try:
            steps.run(f"study {number}", self._run, test_id, [study_id])
        except StepFailed as error:
            why = f"given up after {error.attempts} attempts: {error.cause}"
        except VigilError as error:
            why = error.detail
        else:
            return
        steps.run(f"study {number} failed", self._note_failure, test_id, study_id, why)

    def _run(self, test_id: str, studies: list[str]) -> int:
        """Analyse studies that were not yet; those of a piece are written together."""
        with self.parts.database.read() as session:
            row = repository.local_test(session, ACTOR, test_id)
            if row is None:
                return 0
            waiting = running.wards(session, ACTOR, row, studies)
        found: dict[str, running.Fields] = {}
        for ward in waiting:
            found |= running.run(self.analyst, row, ward)
        running.keep(self.parts, ACTOR, test_id, found)
        return len(found)

    def _note_failure(self, test_id: str, study_id: str, why: str) -> int:
        with self.parts.database.read() as session:
            row = repository.local_test(session, ACTOR, test_id)
            waiting = running.wards(session, ACTOR, row, [study_id]) if row else []
        for ward in waiting:
            running.keep(self.parts, ACTOR, test_id, running.given_up(ward, why))
        return len(waiting)

    def _finish(self, session: WriteSession, test_id: str, facts: dict[str, str]) -> str:
        row = judging.finish(session, ACTOR, self.parts.objects, test_id, facts)
        return row.acceptance_id or ""

    def _give_up(self, session: WriteSession, test_id: str, why: str) -> None:
        judging.give_up(session, ACTOR, test_id, why)
