"""What changed, and the charts of a version at a site: read by who may read the site."""

from factories.tenancy.claims import Claims
from factories.whole import FINDING, Network, Party

from vigil.kernel.parts import Parts

_STREAM = "version_id={version_id}&site_id={site_id}&finding_key=" + FINDING


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """Name the one file that is there whatever is drawn: the table of streams."""
    return {"chart": "streams"}


CLAIMS = Claims(
    lists={
        "GET /api/v1/surveillance/streams.csv": "version_id={version_id}",
        "GET /api/v1/surveillance/streams/series": _STREAM,
        "GET /api/v1/surveillance/streams/series.csv": _STREAM,
    },
    site_things=frozenset({"GET /api/v1/alerts/{alert_id}/causes"}),
    supplier_things=frozenset(
        {"GET /models/{model_id}/versions/{version_id}/surveillance/{chart}.csv"}
    ),
    not_owned=frozenset({"stream_snapshot"}),
    seed=seed,
)
