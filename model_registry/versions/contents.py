"""The files of a version by digest, so that it is compared and traced without opening its archive.

An archive may hold hundreds of megabytes; its documents are a few kilobytes, and are kept apart.
"""

from model_registry.packages.archive import ModelPackage
from model_registry.versions import repository
from model_registry.versions.comparison import DOCUMENTS, Contents, Difference, compare
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion, VersionFile
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.objects import ObjectStore


def keep(session: WriteSession, version: ModelVersion, handover: Handover) -> None:
    """Note each file of a package; its documents are in the store under their own digests."""
    for name, data in sorted(handover.package.files.items()):
        row = VersionFile(
            id=session.new_id("vfl"),
            version_id=version.id,
            name=name,
            digest=handover.digests[name],
            size=len(data),
        )
        session.add(row)
    session.flush()


def contents_of(session: ReadSession, objects: ObjectStore, version: ModelVersion) -> Contents:
    """Return what is compared of a version.

    Raises:
        NotFound: the object store lost what it had.
    """
    files = repository.files(session, version.id)
    if not files:
        # Taken in before files were noted one by one.
        return Contents.of(ModelPackage.from_zip(objects.get(version.digest)))
    digests = {file.name: file.digest for file in files}
    documents = {name: objects.get(digests[name]) for name in DOCUMENTS if name in digests}
    return Contents(version.manifest, digests, documents)


def compare_versions(
    session: ReadSession, objects: ObjectStore, before: ModelVersion, after: ModelVersion
) -> tuple[Difference, ...]:
    """Return what differs between two versions that the caller has read."""
    return compare(contents_of(session, objects, before), contents_of(session, objects, after))
