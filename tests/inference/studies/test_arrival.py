from factories.studies import make_data_set
from pydicom.dataset import Dataset

from inference.studies import arrival
from inference.studies.arrival import patient_pseudonym
from vigil.kernel.keys import Keys


def describe(keys: Keys, header: Dataset) -> arrival.Arrival:
    return arrival.describe(
        header,
        keys,
        site_id="site_a",
        calling_ae="CT1",
        transfer_syntax_uid="1.2.840.10008.1.2.4.90",
        digest="d",
        data_set_digest="e",
        size=7,
    )


def test_an_arrival_holds_no_identifier_but_the_uids(keys: Keys) -> None:
    header = make_data_set(AccessionNumber="ACC-9", PatientBirthDate="19600101")

    text = repr(describe(keys, header))

    for identifier in ("TEST-1", "Invented", "ACC-9", "19600101"):
        assert identifier not in text


def test_attributes_name_the_sender_and_the_syntax(keys: Keys) -> None:
    attributes = describe(keys, make_data_set()).attributes

    assert attributes["calling_ae"] == "CT1"
    assert attributes["transfer_syntax_uid"] == "1.2.840.10008.1.2.4.90"
    assert attributes["patient_age"] == 61


def test_attributes_hold_no_text_that_a_database_refuses(keys: Keys) -> None:
    header = make_data_set(Manufacturer="AC\0ME", ImageType=["ORIG\0INAL", "PRIMARY"])

    attributes = describe(keys, header).attributes

    assert attributes["manufacturer"] == "ACME"
    assert "\0" not in repr(attributes)


def test_a_patient_is_the_same_in_each_study_of_the_issuer(keys: Keys) -> None:
    def pseudonym(site: str, patient: str, issuer: str = "") -> str:
        header = make_data_set(PatientID=patient, IssuerOfPatientID=issuer)
        return patient_pseudonym(keys, site, header)

    assert pseudonym("a", "1") == pseudonym("a", "1")
    assert pseudonym("a", "1") != pseudonym("a", "2")
    assert pseudonym("a", "1") != pseudonym("b", "1")  # two hospitals count alike
    assert pseudonym("a", "1", "NHS") == pseudonym("b", "1", "NHS")
    assert pseudonym("a", "", "NHS") != pseudonym("a", "", "NHS")  # the nameless are not one
