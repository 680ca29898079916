"""What stands for a run, a study or a patient in surveillance, and nowhere else.

Keyed for this purpose and for one year: without the installation's key no pseudonym can be joined
to one of another purpose, or of another year. What comes later (a decision, a label, a superseding
run) tries the years that its study may be of; records from before pseudonyms changed with the year
have one without.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from vigil.kernel.keys import Keys

PURPOSE = "surveillance"


@dataclass(frozen=True)
class Pseudonyms:
    keys: Keys

    def of(self, identifier: str, day: date) -> str:
        """Return the pseudonym in the year of `day`."""
        return self.keys.pseudonym(PURPOSE, identifier, epoch=day.year)

    def any_of(self, identifier: str, years: Iterable[int]) -> list[str]:
        """Return the pseudonyms in each of several years, the latest first, and the one without."""
        tried = sorted({*years}, reverse=True)
        rotated = [self.keys.pseudonym(PURPOSE, identifier, epoch=year) for year in tried]
        return [*rotated, self.keys.pseudonym(PURPOSE, identifier)]
