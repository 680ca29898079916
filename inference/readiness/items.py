"""What a site needs before it is ready for a model: one table, each row with its source.

An item is *proven* by Vigil's own rows, or *evidenced* by a document that a person recorded. Its
scope says for what one piece of evidence holds: a site's connection holds for every model, an
organisation's DSPT for all of its sites, a product's DTAC for every site that uses it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

YEAR = timedelta(days=365)
# Answers of a peer are asked for every day; one missed day is no alarm.
ECHO_LIFE = timedelta(days=2)
HEARD_LIFE = timedelta(days=30)
WARNING = timedelta(days=30)


class Kind(StrEnum):
    PROVEN = "proven"
    EVIDENCED = "evidenced"


class Scope(StrEnum):
    """What one piece of evidence holds for."""

    SITE = "site"
    ORGANISATION = "organisation"
    MODEL = "model"
    SITE_MODEL = "site_model"

    @property
    def names_model(self) -> bool:
        return self in {Scope.MODEL, Scope.SITE_MODEL}


class ItemKey(StrEnum):
    ECHO = "echo"
    HEARD = "heard"
    TEST_STUDY = "test_study"
    RESULT = "result"
    DSPT = "dspt"
    DTAC = "dtac"
    DPIA = "dpia"
    TRAINING = "training"
    SHADOW = "shadow"
    DCB0160 = "dcb0160"
    LOCAL_TEST = "local_test"


@dataclass(frozen=True)
class Item:
    """A row of the checklist.

    Attributes:
        title: what it is called on a page.
        who: who can supply it.
        source: the rule that it comes from.
        life: how long evidence holds where it states no earlier end; None: as long as it stands.
        may_be_waived: whether a manager may decide that it is not needed.
    """

    key: ItemKey
    title: str
    kind: Kind
    scope: Scope
    who: str
    source: str
    life: timedelta | None = None
    may_be_waived: bool = True


_K, _P, _E = ItemKey, Kind.PROVEN, Kind.EVIDENCED
_S, _O, _M, _SM = Scope.SITE, Scope.ORGANISATION, Scope.MODEL, Scope.SITE_MODEL

ITEMS: tuple[Item, ...] = (
    Item(_K.ECHO, "Destinations answer a C-ECHO", _P, _S, "whoever runs the site's archive",
         "DICOM PS3.4 annex A (Verification)", ECHO_LIFE),
    Item(_K.HEARD, "Sources call Vigil", _P, _S, "whoever runs the site's modalities",
         "DICOM PS3.8 section 7 (associations)", HEARD_LIFE),
    Item(_K.TEST_STUDY, "A study arrived from a source", _P, _S,
         "whoever runs the site's modalities", "DICOM PS3.4 annex B (Storage)", YEAR),
    Item(_K.RESULT, "A result was taken by a destination", _P, _S,
         "whoever runs the site's archive", "DICOM PS3.4 annex B (Storage)", YEAR),
    Item(_K.DSPT, "Data Security and Protection Toolkit", _E, _O,
         "the organisation's data security lead",
         "NHS England DSPT: a submission every year, by ODS code", YEAR),
    Item(_K.DTAC, "Digital Technology Assessment Criteria", _E, _M, "the supplier, to the network",
         "NHS England DTAC, form of 24 February 2026", YEAR),
    Item(_K.DPIA, "Data protection impact assessment", _E, _SM,
         "the site's data protection officer", "UK GDPR article 35", YEAR),
    Item(_K.TRAINING, "Readers are trained", _E, _SM, "the site's radiology lead",
         "DCB0160: training as a control of clinical risk", YEAR),
    Item(_K.SHADOW, "A shadow period without trouble", _P, _SM,
         "the network manager, by a shadow deployment",
         "docs/adr/0019-site-readiness.md: 100 runs, 7 days, under 5% failed"),
    Item(_K.DCB0160, "The site's clinical risk acceptance", _P, _SM,
         "the site's clinical safety officer", "DCB0160", may_be_waived=False),
    Item(_K.LOCAL_TEST, "A passed local acceptance test", _P, _SM,
         "the site's clinical safety officer", "docs/adr/0007-gates-and-four-eyes.md",
         may_be_waived=False),
)  # fmt: skip

BY_KEY = {item.key: item for item in ITEMS}
OF_SITE = tuple(item for item in ITEMS if not item.scope.names_model)
OF_MODEL = tuple(item for item in ITEMS if item.scope.names_model)
