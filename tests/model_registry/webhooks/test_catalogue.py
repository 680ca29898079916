"""The topics that are promised: each is made by somebody, and each is documented."""

import re
from pathlib import Path

import pytest

from model_registry.webhooks.catalogue import TOPICS, Topic, names

ROOT = Path(__file__).parents[3]
SOURCE = "\n".join(path.read_text() for path in (ROOT / "model_registry").glob("*/*.py")
                   if path.parent.name != "webhooks")  # fmt: skip
# Messages of a submission: the side that speaks, and what kind of message it is.
_FROM_BOTH_SIDES = 'f"{message.side.value}:submission:{kind.value}"'


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_its_tag_is_made_somewhere(topic: Topic) -> None:
    """Literally, or with the last word from a variable."""
    stem = topic.tag.rpartition(":")[0]
    floor = stem.partition(":")[0]
    made: tuple[str, ...] = (f'"{topic.tag}"', f'f"{stem}:{{', f'f"{floor}:{{')
    if topic.name == "submission.asked":
        made = (_FROM_BOTH_SIDES,)
    assert any(text in SOURCE for text in made), topic.tag


def test_names_are_subject_and_deed_and_each_is_there_once() -> None:
    found = [topic.name for topic in TOPICS]
    assert len(set(found)) == len(found) == len({topic.tag for topic in TOPICS})
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", name) for name in found)


def test_patterns_stand_for_topics() -> None:
    assert names("*") == [topic.name for topic in TOPICS]
    assert names("deployment.live") == ["deployment.live"]
    assert set(names("version.*")) == {
        "version.submitted", "version.checked", "version.refused", "version.approved",
        "version.withdrawn",
    }  # fmt: skip
    assert names("study.*") == names("") == []


def test_the_document_lists_them() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    listed = re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", text, re.MULTILINE)
    assert listed == [(topic.name, topic.says) for topic in TOPICS]
