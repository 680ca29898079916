"""What can be told: the topics, and the audit's tags that they stand for.

A topic is a promise to programs of others and never changes its name; a tag may. What is not here
is never sent, whatever the audit holds: above all nothing of a study, a run or a reader.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

PING = "webhook.test"


@dataclass(frozen=True)
class Topic:
    """A kind of event.

    Attributes:
        name: what a subscription names, `subject.deed`.
        tag: the audit's tag that it is made from.
        says: what happened, for the documentation.
    """

    name: str
    tag: str
    says: str


TOPICS: tuple[Topic, ...] = (
    Topic("submission.submitted", "supplier:submission:submit", "A supplier sent a submission."),
    Topic("submission.asked", "network:submission:question", "The network has a question."),
    Topic("submission.withdrawn", "supplier:submission:withdraw", "It took it back."),
    Topic("version.submitted", "supplier:version:submit", "A supplier handed in a version."),
    Topic("version.checked", "registry:version:checked", "It passed the admission checks."),
    Topic("version.refused", "registry:version:refused", "An admission check refused it."),
    Topic("version.approved", "registry:version:approved", "The network approved it."),
    Topic("version.withdrawn", "registry:version:withdrawn", "It was withdrawn everywhere."),
    Topic("plan.assessed", "registry:plan:assess", "A change was held against its change plan."),
    Topic("alias.set", "registry:alias:set", "A name such as champion points at a version."),
    Topic("alias.cleared", "registry:alias:clear", "A name points at no version any more."),
    Topic("key.proposed", "supplier:key:propose", "A supplier proposed a signing key."),
    Topic("key.trusted", "registry:key:trust", "The network trusts the key."),
    Topic("key.revoked", "registry:key:revoke", "The key is not to be trusted any more."),
    Topic("safety_case.submitted", "safety:case:submit", "A safety case was handed in."),
    Topic("safety_case.signed", "safety:safety_case:sign", "An officer signed it."),
    Topic("safety_case.stale", "safety:safety_case:stale", "A change made its signature stale."),
    Topic("acceptance.drafted", "safety:acceptance:draft", "A site drafted its judgement."),
    Topic("acceptance.signed", "safety:acceptance:sign", "The site's officer signed it."),
    Topic("acceptance.stale", "safety:acceptance:stale", "A change made its signature stale."),
    Topic("deployment.shadow", "registry:deployment:shadow", "A version runs without effect."),
    Topic("deployment.canary", "registry:deployment:canary", "It serves a share of patients."),
    Topic("deployment.live", "registry:deployment:live", "It serves all patients of the site."),
    Topic("deployment.suspended", "registry:deployment:suspended", "It stopped, for now."),
    Topic(
        "deployment.uncovered",
        "registry:deployment:uncovered",
        "It serves patients, and evidence for it was taken away.",
    ),
    Topic("deployment.retired", "registry:deployment:retired", "It stopped, for good."),
    Topic("change.requested", "registry:deployment_change:request", "A change was proposed."),
    Topic("change.approved", "registry:deployment_change:approve", "Somebody agreed to it."),
    Topic("change.applied", "registry:deployment_change:applied", "It was carried out."),
    Topic("change.withdrawn", "registry:deployment_change:withdrawn", "It was taken back."),
    Topic("stop.ordered", "registry:stop:order", "A site, model or supplier was stopped."),
    Topic("stop.lifted", "registry:stop:lift", "Two people lifted the stop."),
    Topic("node.added", "registry:node:add", "A DICOM peer was connected."),
    Topic("node.retired", "registry:node:retire", "A DICOM peer is not used any more."),
)

BY_TAG = {topic.tag: topic for topic in TOPICS}
TAGS = tuple(BY_TAG)


def names(pattern: str) -> list[str]:
    """Return the topics that a pattern such as `deployment.*` stands for; none where it is none."""
    return [topic.name for topic in TOPICS if fnmatchcase(topic.name, pattern)]


def wants(patterns: list[str], topic: Topic) -> bool:
    return any(fnmatchcase(topic.name, pattern) for pattern in patterns)
