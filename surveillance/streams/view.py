"""One stream as people see it. Pure."""

from dataclasses import dataclass

from surveillance.alerts.models import Alert, Tier
from surveillance.disclosure import WITHHELD
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.sentences import sentence
from surveillance.words import group_name, subject_name


@dataclass(frozen=True)
class StreamView:
    """One stream: its numbers, its sentence and its open alert, if any.

    Attributes:
        told: the verdict, where the numbers shown are not those that it was made from.
        withheld: there are no numbers, for this reader.
    """

    assessment: Assessment
    alert: Alert | None
    told: Verdict | None = None
    withheld: bool = False

    @property
    def verdict(self) -> Verdict:
        """Return the verdict; that to escalate was made over all streams, when the alert was."""
        if self.alert is not None and self.alert.tier is Tier.ESCALATE:
            return Verdict.ESCALATE
        return self.told or self.assessment.verdict

    @property
    def sentence(self) -> str:
        if self.withheld:
            found = self.assessment
            where = group_name(found.axis, found.level) or "everybody"
            return f"{subject_name(found.subject)}: {where}, {WITHHELD}."
        return sentence(self.assessment)
