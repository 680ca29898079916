"""Signed by its supplier with a trusted key, or refused with what to do."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories.identity import SETUP
from factories.keys import create_key
from factories.packages import SIGNING_KEY, package, signed_archive
from factories.versions import LinearRunner, create_version

from model_registry.admission import service
from model_registry.admission.models import AdmissionCheck
from model_registry.keys import service as keys
from model_registry.keys.models import KeyStatus
from model_registry.keys.repository import keys_of
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.packages.signature import new_private_key, public_bytes, sign
from model_registry.versions import service as versions
from model_registry.versions.handover import Handover
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.identity import repository
from vigil.kernel.objects import LocalObjectStore


def signature_check(
    session: WriteSession, objects: LocalObjectStore, archive: bytes
) -> AdmissionCheck:
    version = versions.submit(session, SETUP, objects=objects, handover=Handover.of(archive))
    found = service.admit(session, SETUP, version=version, runner=LinearRunner(), objects=objects)
    check = next(check for check in found if check.name == "signature")
    assert check.passed == (version.status is VersionStatus.CHECKED)
    loading = next(check for check in found if check.name == "loading")
    assert check.passed or loading.status == "not reached"
    return check


def supplier_id(session: WriteSession, objects: LocalObjectStore) -> str:
    return create_version(session, objects, version="0.0.1").organisation_id


def test_a_trusted_key_is_named(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        organisation = supplier_id(session, objects)
        (key,) = keys_of(session, organisation)
        check = signature_check(session, objects, signed_archive())
        assert check.passed
        assert check.supplier_key_id == key.id
        assert key.key_id in check.evidence
        signer = service.signer(session, SETUP, check.version_id)
        assert signer is not None
        assert signer.id == key.id
        (version,) = service.signed_with(session, SETUP, key.id)
        assert version.id == check.version_id


def test_a_key_that_is_revoked_later_is_shown_as_such(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        supplier_id(session, objects)
        check = signature_check(session, objects, signed_archive())
        assert check.supplier_key_id is not None
        keys.revoke(session, SETUP, row_id=check.supplier_key_id, reason="it leaked")
        assert versions.version(session, SETUP, check.version_id).status is VersionStatus.CHECKED
        signer = service.signer(session, SETUP, check.version_id)
        assert signer is not None
        assert signer.status is KeyStatus.REVOKED


def test_a_key_that_is_revoked_while_the_model_is_examined_signs_nothing(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        known = keys.known_keys(session, version.organisation_id)
        verdicts = service.examine(
            digest=version.digest, runner=LinearRunner(), objects=objects, keys=known
        )
        keys.revoke(session, SETUP, row_id=known[0].id, reason="it leaked")
        checks = service.keep(session, SETUP, version=version, verdicts=verdicts)
        assert [check.name for check in checks if not check.passed] == ["signature"]
        assert version.status is VersionStatus.REFUSED
        assert list(service.signed_with(session, SETUP, known[0].id)) == []


def test_a_package_without_signature_is_refused(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        supplier_id(session, objects)
        check = signature_check(session, objects, build(package()))
    assert "signature.json: missing: the package is not signed" in check.evidence
    assert "vigil package sign" in check.evidence


def test_the_remedy_fits_the_keys_status(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        organisation = supplier_id(session, objects)
        for number, (status, said) in enumerate(
            (
                (None, "the supplier never proposed the key"),
                (KeyStatus.PROPOSED, "Ask the network to trust key"),
                (KeyStatus.REVOKED, "was revoked. Sign the package with another key"),
            )
        ):
            private = new_private_key()
            if status is not None:
                create_key(session, organisation, private, status)
            archive = signed_archive(private, version=f"1.0.{number}")
            assert said in signature_check(session, objects, archive).evidence


def test_another_suppliers_trusted_key_signs_nothing_here(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        supplier_id(session, objects)
        create_version(session, objects, "OTHER")
        other = repository.organisation_by_code(session, "OTHER")
        assert other is not None
        private = new_private_key()
        create_key(session, other.id, private)
        check = signature_check(session, objects, signed_archive(private))
    assert "never proposed" in check.evidence


def test_what_was_changed_after_signing_is_named(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    signed = sign(package(), SIGNING_KEY)
    changed = {
        "README.md": ({**signed.files, "README.md": b"new"}, "added after"),
        "card.yaml": ({**signed.files, "card.yaml": signed.files["card.yaml"] + b"\n"}, "changed"),
    }
    with sqlite.write() as session:
        supplier_id(session, objects)
        for number, (name, (files, how)) in enumerate(changed.items()):
            again = {**files, "manifest.yaml": _relabelled(files["manifest.yaml"], number)}
            check = signature_check(session, objects, build(ModelPackage(again)))
            assert f"{name}: {how}" in check.evidence


def test_a_signature_by_a_key_of_the_same_id_is_no_proof(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    """The id is short: what counts is the whole key."""
    with sqlite.write() as session:
        organisation = supplier_id(session, objects)
        (key,) = keys_of(session, organisation)
        key.public_key = public_bytes(Ed25519PrivateKey.generate()).hex()
        session.add(key)
        session.flush()
        check = signature_check(session, objects, signed_archive())
    assert not check.passed


def _relabelled(manifest: bytes, number: int) -> bytes:
    return manifest.replace(b"version: 1.0.0", b"version: 1.0.%d" % number)
