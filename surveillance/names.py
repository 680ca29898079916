"""What a version, a site and a finding are called on a page: the records hold only their keys."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelVersion
from surveillance.words import subject_name
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.web.words import in_words


@dataclass(frozen=True)
class Subject:
    """What an alert or a report is about, as people call it."""

    model: str
    version: str
    version_url: str
    site: str
    site_id: str
    finding: str
    finding_key: str

    def called(self, finding: str) -> "Subject":
        return replace(self, finding=finding)

    @property
    def surveillance_url(self) -> str:
        return f"{self.version_url}/surveillance?site={self.site_id}"

    def stream_url(self, kind: str, axis: str, level: str) -> str:
        """Return where the surveillance page shows one stream and draws it."""
        asked = {"kind": kind, "finding": self.finding_key, "axis": axis, "level": level}
        return f"{self.surveillance_url}&{urlencode(asked)}"

    def said(self, sentence: str) -> str:
        """Return a stored sentence with the finding's name in place of its key, if it is of it."""
        return said(sentence, self.finding_key, self.finding)


@dataclass(frozen=True)
class Names:
    """Looks names up, each version and site once; for rows that the actor was given already."""

    session: ReadSession
    actor: Actor
    _versions: dict[str, tuple[Model, ModelVersion]] = field(default_factory=dict)

    def subject(self, version_id: str, site_id: str, finding_key: str) -> Subject:
        model, version = self._version(version_id)
        return Subject(
            model=model.title,
            version=version.version,
            version_url=f"/models/{model.id}/versions/{version.id}",
            site=self.session.get_one(Site, site_id).name,
            site_id=site_id,
            finding=finding_name(version, finding_key),
            finding_key=finding_key,
        )

    def _version(self, version_id: str) -> tuple[Model, ModelVersion]:
        if version_id not in self._versions:
            version = versions.version(self.session, self.actor, version_id)
            model = versions.model(self.session, self.actor, version.model_id)
            self._versions[version_id] = (model, version)
        return self._versions[version_id]


def finding_names(version: ModelVersion) -> list[tuple[str, str]]:
    """Return the key and the meaning of each finding, in the order of the manifest."""
    return [
        (str(finding["key"]), str(finding["code"]["meaning"]))
        for output in version.manifest.get("output", ())
        for finding in output.get("findings", ())
    ]


def finding_name(version: ModelVersion, key: str) -> str:
    """Return the meaning of the finding's code; its key where the manifest has no such finding.

    What is not of a finding is called what it is: all runs, or the number.
    """
    other = subject_name(key)
    return dict(finding_names(version)).get(key, key if other == key else in_words(other))


def said(sentence: str, key: str, name: str) -> str:
    """Return a sentence of a stream with the name of what it is of in place of its key."""
    of = f"{subject_name(key)}: "
    return f"{name}: {sentence.removeprefix(of)}" if sentence.startswith(of) else sentence
