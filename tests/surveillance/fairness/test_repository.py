from datetime import timedelta

from factories.fairness import Population, populate
from factories.identity import create_organisation, create_person
from factories.surveillance import START, create_place

from surveillance.fairness import repository
from surveillance.fairness.patients import columns
from surveillance.records.repository import Scope
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role

VIGIL = system_actor("test")


def test_counts_by_part_and_records_by_patient_on_both_databases(database: Database) -> None:
    with database.write() as session:
        place = create_place(session)
        images = populate(session, place, Population(patients=40, each=3, days=60, skipped_ap=0.5))
    scope = Scope(place.version_id)
    starts = [START, START + timedelta(days=20), START + timedelta(days=40)]
    with database.read() as session:
        rows = repository.monthly(session, VIGIL, scope, starts)
        everything = [row for row in rows if row.axis == "all" and row.finding_key == "-"]
        assert {row.part for row in everything} == {0, 1, 2}
        assert sum(row.n for row in everything) == images
        known = repository.records(session, VIGIL, scope)
        assert len(known) == repository.count(session, VIGIL, scope)
        some = repository.records(session, VIGIL, scope, share=0.5)
        patients = {row.patient_pseudonym for row in some}
        assert 8 < len(patients) < 32
        assert len(some) == sum(row.patient_pseudonym in patients for row in known)
        assert {len(of) for of in columns(known)} == {
            images,
            images - sum(r.skipped for r in everything),
        }


def test_somebody_elsewhere_reads_nothing(database: Database) -> None:
    with database.write() as session:
        place = create_place(session)
        populate(session, place, Population(patients=10))
        create_organisation(session, "RYY", OrganisationKind.PROVIDER)
        stranger = create_person(session, "RYY", Role.CSO)
    with database.read() as session:
        assert repository.monthly(session, stranger, Scope(place.version_id), [START]) == []
        assert repository.records(session, stranger, Scope(place.version_id)) == []
        assert repository.count(session, stranger, Scope(place.version_id)) == 0
