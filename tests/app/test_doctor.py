from dataclasses import replace
from pathlib import Path

import pytest
from factories.identity import SETUP

from vigil.app import doctor
from vigil.app.doctor import examine
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database
from vigil.kernel.parts import Parts


def notes(parts: Parts) -> dict[str, tuple[bool, str]]:
    return {check.name: (check.good, check.note) for check in examine(parts)}


def test_a_good_installation(installed: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOW_DISK", 0.0)
    with installed.database.write() as session:
        audit.record(session, SETUP, "test:thing:make", "thing", "because")

    found = notes(installed)

    assert all(good for good, _ in found.values()), found
    assert found["database"][1] == "newest schema"
    assert found["audit"][1] == "1 events, chain holds"


def test_a_database_without_schema_is_named_with_its_remedy(tmp_path: Path) -> None:
    parts = build_parts(Settings(data_dir=tmp_path))

    found = notes(parts)

    assert found["database"] == (False, "run `vigil db upgrade`")
    assert found["audit"] == (False, "could not be read")
    parts.database.dispose()


def test_a_database_that_is_away_is_told_and_the_rest_still_looked_at(installed: Parts) -> None:
    away = replace(installed, database=Database("sqlite:////no/such/folder/vigil.sqlite"))

    found = notes(away)

    assert found["database"] == (False, "does not answer (OperationalError)")
    assert found["audit"][0] is False
    assert found["secret"][0] is True


def test_a_full_disk_is_told(installed: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOW_DISK", 1.1)

    assert notes(installed)["disk"][0] is False


def test_a_secret_that_others_can_read_is_told(installed: Parts) -> None:
    installed.settings.secret.chmod(0o644)

    good, note = notes(installed)["secret"]

    assert not good
    assert "chmod 600" in note


def test_an_object_store_whose_place_is_gone_is_told(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    parts = build_parts(settings)
    gone = settings.model_copy(update={"object_store": Path("/no/such/folder/objects")})

    assert notes(replace(parts, settings=gone))["objects"] == (False, "cannot be written")
    parts.database.dispose()
