"""What a stream is called on a page, with its finding's name from the version's manifest."""

from model_registry.versions.models import ModelVersion
from surveillance.names import finding_name
from surveillance.records.models import WHOLE_RUN
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.words import group_name
from vigil.kernel.web.words import in_words


def stream_name(version: ModelVersion, stream: Stream) -> str:
    """Return `Flag rate of Pneumonia`, `Bits stored`, `Category by age band`."""
    kind, group = in_words(stream.kind), group_name(stream.axis, stream.level)
    if stream.subject != WHOLE_RUN:
        name = finding_name(version, stream.subject)
        is_its_own = stream.kind is StreamKind.FEATURE or name == kind
        kind = name if is_its_own else f"{kind} of {name}"
    return f"{kind} {group}".rstrip()
