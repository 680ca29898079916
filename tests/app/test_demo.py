"""The pieces that the demonstration is made of; the story as a whole is `make demo`."""

from pathlib import Path

import pydicom
import pytest
import yaml

from model_registry.packages.archive import ModelPackage
from surveillance.local_tests.rule import Rule, faults_against
from vigil.app.demo import __main__ as demo
from vigil.app.demo import network, traffic
from vigil.app.demo.client import StoryFailed, wait_for
from vigil.app.demo.ports import free_ports
from vigil.app.demo.registry import PACKAGES, PNEUMONIA, VIEW, Evidence
from vigil.app.demo.testing import PNEUMONIA_KEY, VIEW_KEY, rule
from vigil.app.demo.traffic import Batch
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


def test_a_folder_that_is_not_the_demonstrations_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(SystemExit, match="not empty"):
        demo._empty(tmp_path)

    assert (tmp_path / "thesis.txt").exists()


def test_what_an_earlier_demonstration_left_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo._empty(folder)
    (folder / "vigil.sqlite").write_text("old")
    demo._empty(folder)

    assert [path.name for path in folder.iterdir()] == [demo.MARK]


def test_there_is_nothing_to_serve_before_the_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path))

    assert demo.main(["up"]) == 1


def test_the_people_have_every_role_and_tokens_that_are_theirs(parts: Parts) -> None:
    people = network.create(parts)

    assert {person.role for person in people.all()} >= {
        Role.SUPPLIER, Role.NETWORK_MANAGER, Role.CSO, Role.READER, Role.AUDITOR,
    }  # fmt: skip
    passwords = {person.password for person in people.all()}
    assert len(passwords) == len(people.all())
    with parts.database.read() as session:
        for person in people.all():
            assert identity.bearer(session, person.token).has_role(Role(person.role))


def test_public_images_are_studies_of_their_own(tmp_path: Path) -> None:
    images = traffic.public_images(tmp_path)
    headers = [pydicom.dcmread(image.path, stop_before_pixels=True) for image in images]

    assert len({str(one.StudyInstanceUID) for one in headers}) == len(images)
    assert len({str(one.SOPInstanceUID) for one in headers}) == len(images)
    assert all(one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID for one in headers)
    again = tmp_path / "again"
    again.mkdir()
    assert [
        str(pydicom.dcmread(image.path, stop_before_pixels=True).SOPInstanceUID)
        for image in traffic.public_images(again)
    ] == [str(one.SOPInstanceUID) for one in headers]


def test_a_sender_that_finds_nobody_says_so(tmp_path: Path) -> None:
    [image, *_] = traffic.public_images(tmp_path)
    batch = Batch("nobody there", "DEMOA01", "NORTHFIELDCR", (image,))

    assert traffic.send(batch, free_ports(1)[0], "VIGIL").returncode != 0


@pytest.mark.parametrize("name", [VIEW, PNEUMONIA])
def test_the_packages_are_whole(name: str) -> None:
    package = ModelPackage.open(PACKAGES / name)

    assert package.manifest.model.supplier == network.SUPPLIER
    assert package.golden


def test_evidence_says_what_it_is_worth() -> None:
    document = yaml.safe_load(Evidence(results=12, right=11).text)

    assert (document["studies_with_a_result"], document["results_that_agree_with_the_header"]) == (
        12,
        11,
    )
    assert "demonstration" in document["note"]


def test_waiting_ends_with_what_was_waited_for() -> None:
    assert wait_for("a number", lambda: 5) == 5
    with pytest.raises(StoryFailed, match="waited 0 s for nothing"):
        wait_for("nothing", lambda: None, 0.3)


def test_free_ports_are_different_ones() -> None:
    assert len(set(free_ports(5))) == 5


def test_what_tests_a_model_is_not_sent_again(realdata: Path) -> None:
    tested, live = traffic.tested_adults(), traffic.adult_images()
    children = traffic.child_images()

    assert len(tested) == 92
    assert not {image.path for image in tested} & {image.path for image in live}
    assert len(live) == traffic.ADULTS
    for some in (children[: traffic.TESTED_CHILDREN], children[traffic.TESTED_CHILDREN :]):
        assert sum(bool(image.truth) for image in some) * 2 == len(some)


def test_the_rules_of_the_sites_fit_the_models() -> None:
    for name, finding in ((VIEW, VIEW_KEY), (PNEUMONIA, PNEUMONIA_KEY)):
        asked = rule(finding, "selected", {"metric": "auc", "at_least": 0.5})
        package = ModelPackage.open(PACKAGES / name)

        assert faults_against(Rule.model_validate(asked), package.manifest.findings) == []
