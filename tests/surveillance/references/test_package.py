"""The supplier's validation set becomes a reference when a person asks for it."""

import io
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import packages
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, Place, create_place
from factories.versions import create_version
from factories.web import browser, create_web

from surveillance.records import api, package
from surveillance.references import parquet
from surveillance.references import service as references
from surveillance.references.errors import UnreadableTable
from surveillance.references.models import ReferenceSource
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

EVERYBODY = system_actor("test")


def table(**columns: Any) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


def test_a_validation_set_is_read_with_its_groups_and_truth() -> None:
    data = table(
        pneumonia=[0.9, None, math.nan, 0.1, math.inf],
        truth_pneumonia=[1, 1, 0, 0, None],
        sex=["F", "M", "F", None, "F"],
        patient_age=[5.0, 40.0, 70.0, None, 90.0],
        comment=["a"] * 5,
    )
    (found,) = parquet.offered(parquet.read(data), {"pneumonia": 0.5, "nodule": 0.5})
    assert (found.finding_key, found.left_out) == ("pneumonia", 3)
    assert [(one.score, one.flagged, one.truth) for one in found.cases] == [
        (0.9, True, True),
        (0.1, False, False),
    ]
    assert found.cases[0].levels["sex*age_band"] == "F 0-17"
    assert found.cases[1].levels["sex"] == "unknown"


@pytest.mark.parametrize("data", [b"", b"score\n0.5\n", b"PAR1" + b"x" * 50 + b"PAR1"])
def test_what_is_no_parquet_file_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UnreadableTable):
        parquet.read(data)


def test_references_are_set_by_a_person_and_what_cannot_be_is_named(
    database: Database, objects: LocalObjectStore
) -> None:
    data = table(
        **{FINDING: [n / 300 for n in range(300)]},
        nodule=[0.5] * 300,
        effusion=[0.1] * 10 + [None] * 290,
    )
    sets = parquet.offered(parquet.read(data), {FINDING: 0.7, "nodule": 0.5, "effusion": 0.5})
    with database.write() as session:
        place: Place = create_place(session)
        found = package.set_references(
            session,
            EVERYBODY,
            objects,
            version_id=place.version_id,
            sets=package.Sets(sets),
            reason="the supplier's validation set",
        )
        (row,) = found.references
        assert (row.finding_key, row.n, row.site_id) == (FINDING, 300, None)
        assert row.source is ReferenceSource.PACKAGE
        assert row.flag_rate == pytest.approx(0.3)
        assert set(found.left_out) == {"nodule", "effusion"}
        assert len(references.cases(objects, row)["score"]) == 300


def test_the_api_sets_what_the_package_holds(parts: Parts) -> None:
    """Findings, and vectors of a declared embedding from a column of lists."""
    random = np.random.default_rng(1)
    held = {"pneumonia": random.random(300), "pooled": random.normal(size=(300, 4)).tolist()}
    declared = packages.manifest()
    declared["monitoring"]["reference"] = "reference.parquet"
    declared["output"].append({"name": "pooled", "kind": "embedding"})
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        officer = create_person(session, "NET", Role.CSO)
        version_id = create_version(
            session,
            parts.objects,
            manifest_yaml=packages.yaml_bytes(declared),
            reference_parquet=table(**held),
        ).id
    client = browser(create_web(parts, api.router), officer)
    answer = client.post(
        "/api/v1/surveillance/references/from-package",
        json={"version_id": version_id, "reason": "the validation set"},
    )
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert [row["finding_key"] for row in found["references"]] == ["pneumonia"]
    assert found["left_out"] == {"embedding": "300 of the 5,000 vectors needed: 4,700 are missing"}
