"""Every kind of stream that Vigil watches, in one list. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from surveillance.axes import ALL


class StreamKind(StrEnum):
    """What a stream counts. Stored as plain text, so that a new kind needs no migration."""

    SCORE = "score"
    FLAG_RATE = "flag_rate"
    OVERRIDE_RATE = "override_rate"
    OVERRIDE_FP_RATE = "override_fp_rate"
    OVERRIDE_FN_RATE = "override_fn_rate"
    IGNORED_RATE = "ignored_rate"
    MISS_RATE = "miss_rate"
    FALSE_ALARM_RATE = "false_alarm_rate"
    PPV = "ppv"
    AREA = "area"
    CALIBRATION = "calibration"
    FEATURE = "feature"
    EMBEDDING = "embedding"
    MISSING_RATE = "missing_rate"
    CATEGORY = "category"
    UNSEEN_CATEGORY = "unseen_category"
    SKIPPED_RATE = "skipped_rate"
    FAILED_RATE = "failed_rate"
    VOLUME = "volume"
    SILENCE = "silence"
    TURNAROUND = "turnaround"
    DELIVERY = "delivery"
    DISAGREEMENT = "disagreement"
    DECISION_TIME = "decision_time"


# What the estimate of a kind is; every other kind's is a share of cases.
RANKED = frozenset(
    {
        StreamKind.SCORE,
        StreamKind.FEATURE,
        StreamKind.EMBEDDING,
        StreamKind.TURNAROUND,
        StreamKind.DECISION_TIME,
    }
)
COUNTED = frozenset({StreamKind.SILENCE})
# Judged by what happened, each by itself: no share of many days, and no part of e-BH.
EVENTS = frozenset({StreamKind.SILENCE, StreamKind.UNSEEN_CATEGORY})
PLAIN = frozenset({StreamKind.AREA})


def written(kind: StreamKind, value: float) -> str:
    """Return an estimate, or a bound of one, as people read it: most are shares."""
    if kind in COUNTED:
        return f"{value:g}"
    return f"{value:.3f}" if kind in PLAIN else f"{100 * value:.1f}%"


@dataclass(frozen=True)
class Stream:
    """What names a stream.

    Attributes:
        subject: a finding's key, `-` for the run itself, or `feature:NAME`.
    """

    version_id: str
    site_id: str
    subject: str
    kind: StreamKind
    axis: str = ALL
    level: str = ALL

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """Return the name as plain text, in the order of `alerts.repository.StreamKey`."""
        stream = (self.version_id, self.site_id, self.subject)
        return (*stream, self.kind, self.axis, self.level)
