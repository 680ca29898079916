"""The sites' own tests of the models, on images whose truth is known, by rules fixed beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vigil.app.demo.client import At, wait_for
from vigil.app.demo.clinic import Clinic
from vigil.app.demo.network import ADULT_SITE, CHILD_SITE, People
from vigil.app.demo.traffic import Image

VIEW_KEY, PNEUMONIA_KEY = "view_ap", "pneumonia"
# A slip on purpose, such as two careful people can miss: see `slip`.
SLIP = {VIEW_KEY: 0.9}
# With fewer of either kind no rule here can be met.
EACH = 20
NOT_BEGUN = "not begun"


def _bar(metric: str, at_least: float) -> dict[str, Any]:
    return {"metric": metric, "at_least": at_least}


def rule(finding: str, sampling: str, *bars: dict[str, Any]) -> dict[str, Any]:
    asked = {"finding": finding, "bars": bars, "min_positives": EACH, "min_negatives": EACH}
    return {"unit": "image", "sampling": sampling, "findings": [asked], "max_not_analysed": 0.05}


@dataclass
class Testing:
    """What the sites found.

    Attributes:
        lines: for the closing table.
    """

    url: str
    people: People
    clinic: Clinic
    lines: list[str] = field(default_factory=list)

    def children(self, version: str, images: Sequence[Image]) -> dict[str, Any] | None:
        """Southmoor's test of the pneumonia model, as many ill children as well ones."""
        bars = (_bar("sensitivity", 0.7), _bar("specificity", 0.7), _bar("auc", 0.85))
        asked = rule(PNEUMONIA_KEY, "selected", *bars)
        return self._test(version, CHILD_SITE, "Pneumonia, 40 ill and 40 well", asked, images, {})

    def adults(self, version: str, images: Sequence[Image]) -> dict[str, Any] | None:
        """Northfield's test of the view check at the supplier's threshold, by a whole rule."""
        bars = (_bar("sensitivity", 0.7), _bar("specificity", 0.7))
        asked = rule(VIEW_KEY, "consecutive", *bars)
        return self._test(version, ADULT_SITE, "View, by both bars", asked, images, {})

    def slip(self, version: str, images: Sequence[Image]) -> dict[str, Any] | None:
        """Northfield tries again: a lower threshold, and a rule that forgets the specificity."""
        asked = rule(VIEW_KEY, "consecutive", _bar("sensitivity", 0.7))
        title = "View at 0.9, by the sensitivity alone"
        return self._test(version, ADULT_SITE, title, asked, images, SLIP)

    def _test(
        self,
        version: str,
        site: str,
        title: str,
        asked: dict[str, Any],
        images: Sequence[Image],
        thresholds: dict[str, float],
    ) -> dict[str, Any] | None:
        """Plan, label, run and wait; None where the site has no labelled image.

        A test that cannot pass is not begun: nobody could answer for the model outside Vigil then.
        """
        table = self._table(asked["findings"][0]["finding"], images)
        labelled = table.count(b"\n")
        if not labelled:
            return None
        if labelled < 2 * EACH:
            self.lines.append(f"{title}: not begun, {labelled} of {2 * EACH} labelled images")
            return {"verdict": NOT_BEGUN, "rule": asked}
        officer = At(self.url, self.people.site_officers[site])
        planned = officer.post(
            "/acceptance-tests",
            version_id=version,
            site=site,
            title=title,
            rule=asked,
            thresholds=thresholds,
            reason="before the model serves a patient here",
        )
        path = f"/acceptance-tests/{planned['id']}"
        officer.form(f"{path}/labels", table, reason="the truth that the collection gives")
        officer.post(f"{path}/run", reason="labels are in")

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = officer.get(path)
            return found if found["state"] in {"finished", "failed"} else None

        test = wait_for(f"the test {title!r}", ended, 180)
        self._tell(title, test, officer)
        return test

    def _table(self, finding: str, images: Sequence[Image]) -> bytes:
        """Return the labels of what was sent of these images, as a reader would write them."""
        known = {image.path: image.truth for image in images if image.truth is not None}
        lines = [
            f"{uid},{int(bool(known[image.path]))}"
            for uid, image in self.clinic.sent.items()
            if image.path in known
        ]
        return "\n".join([f"sop_instance_uid,{finding}", *lines]).encode()

    def _tell(self, title: str, test: dict[str, Any], officer: At) -> None:
        verdict = (test["verdict"] or "failed to run").replace("_", " ")
        self.lines.append(
            f"{title}: {verdict} ({test['done']} cases, /acceptance-tests/{test['id']})"
        )
        if test["verdict"] is None:
            return
        document = officer.get(f"/acceptance-tests/{test['id']}/document")
        self.lines += [
            f"  {line['asks']}: {line['found']} - {line['answer'].replace('_', ' ')}"
            for line in document["lines"]
            if line["answer"] != "met" or ":" in line["asks"]
        ]
