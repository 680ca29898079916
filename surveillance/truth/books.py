"""The studies that a table speaks of: their pseudonyms, their records and what was said of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date

from surveillance.records import turns
from surveillance.records.models import FEATURE, WHOLE_RUN, PredictionRecord
from surveillance.records.pseudonyms import Pseudonyms
from surveillance.truth import repository
from surveillance.truth.judging import KnownStudy, is_uid
from vigil.kernel.db import WriteSession

# How many years back a study is looked for that inference no longer knows.
_YEARS = 3


class Studies:
    """What is known of the studies with these UIDs at a site; the UIDs are kept nowhere.

    They are nobody else's until the transaction ends.
    """

    def __init__(
        self, session: WriteSession, names: Pseudonyms, site_id: str, uids: Iterable[str]
    ) -> None:
        asked = sorted({uid for uid in uids if is_uid(uid)})
        arrived = {
            uid: at.astimezone(UTC).date()
            for uid, at in repository.arrivals(session, site_id, asked).items()
        }
        tried = self._tried(names, asked, arrived, session.now().date().year)
        turns.of_studies(session, tried)
        self.records: dict[str, list[PredictionRecord]] = defaultdict(list)
        for record in repository.records(session, site_id, list(tried)):
            self.records[str(record.study_pseudonym)].append(record)
        self.by_uid: dict[str, KnownStudy] = {}
        for pseudonym, uid in tried.items():
            rows = self.records.get(pseudonym, [])
            if rows or uid in arrived:
                self.by_uid.setdefault(uid, _known(pseudonym, rows, arrived.get(uid)))

    @property
    def pseudonyms(self) -> list[str]:
        return [study.pseudonym for study in self.by_uid.values()]

    @staticmethod
    def _tried(
        names: Pseudonyms, asked: Sequence[str], arrived: dict[str, date], year: int
    ) -> dict[str, str]:
        """Return the pseudonyms that these studies may have, each with its UID."""
        years = range(year - _YEARS + 1, year + 1)
        return {
            name: uid
            for uid in asked
            for name in (
                [names.of(uid, arrived[uid])] if uid in arrived else names.any_of(uid, years)
            )
        }


def _known(pseudonym: str, rows: Sequence[PredictionRecord], arrived: date | None) -> KnownStudy:
    exam_day = next((row.exam_day for row in rows if row.exam_day), arrived)
    judged = {row.finding_key for row in rows} - {WHOLE_RUN}
    return KnownStudy(pseudonym, exam_day, frozenset(judged))


def is_finding(key: str) -> bool:
    return key != WHOLE_RUN and not key.startswith(FEATURE)
