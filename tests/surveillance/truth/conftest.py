import pytest
from factories.surveillance import FINDING, START, Place, create_place, reference_cases
from factories.truth import EVERYBODY, Ward

from surveillance.records import baseline
from vigil.kernel.db import Database
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as session:
        return create_place(session)


@pytest.fixture
def ward(database: Database, keys: Keys, objects: LocalObjectStore, place: Place) -> Ward:
    with database.write() as session:
        baseline.set_from_cases(
            session,
            EVERYBODY,
            objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            effective_from=START,
        )
    return Ward(database, keys, place)
