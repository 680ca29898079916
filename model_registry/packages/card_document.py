"""What a card says: what the public, the readers and the sites are told about a model.

The required fields are the five without which no card is published. All else is the schema that
unites the lists of Mitchell 2019, CHAI, ONC HTI-1, the UK's ATRS and ECLAIR: typed where given, and
open for more. Nothing may be filled in only to have filled it: what is not known is left out.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from model_registry.packages.figures import Count, Evaluation, OpenDocument, Text, Texts
from model_registry.packages.steps import broken

MAX_SUMMARY_WORDS = 100


def _short(text: str) -> str:
    if len(text.split()) > MAX_SUMMARY_WORDS:
        raise broken(f"longer than {MAX_SUMMARY_WORDS} words", "Say it in plain, short English")
    return text


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "(text)"
    return "(list)" if isinstance(value, (list, tuple)) else "(object)"


Summary = Annotated[Text, BeforeValidator(lambda v: _short(v) if isinstance(v, str) else v)]
TextOrTexts = Annotated[
    Annotated[Text, Tag("(text)")] | Annotated[Texts, Tag("(list)")], Discriminator(_kind)
]
Table = dict[str, Any]


class Developer(OpenDocument):
    """Who makes the model, and who answers for it in each market."""

    name: Text | None = None
    contact: Text | None = None
    uk_rp: Text | None = None
    """UK Responsible Person"""
    eu_rep: Text | None = None
    """Authorised representative in the EU"""
    funding: Texts | None = None
    third_parties: Texts | None = None


class Regulatory(OpenDocument):
    """What the model is before the law, and where that is registered."""

    is_device: bool | None = None
    role: Text | None = None
    class_uk: Text | None = None
    class_eu: Text | None = None
    class_us: Text | None = None
    udi_di: Text | None = None
    intended_purpose_text: Text | None = None
    """The intended purpose, word for word as it is registered"""
    ai_act_risk: Literal["prohibited", "high", "limited", "minimal"] | None = None
    pccp_ref: Text | None = None
    """The predetermined change control plan"""
    registration: Text | None = None
    content_qualification: Literal["PRODUCT", "RESEARCH", "SERVICE"] | None = None


class Population(OpenDocument):
    """Whom the model is meant for."""

    age_min: Annotated[float, Field(ge=0, le=130)] | None = None
    age_max: Annotated[float, Field(ge=0, le=130)] | None = None
    sexes: Texts | None = None
    inclusion: Texts | None = None
    exclusion: Texts | None = None


class Imaging(OpenDocument):
    """Which images the model is meant for."""

    modalities: Texts | None = None
    body_parts: Texts | None = None
    views: Texts | None = None
    sop_classes: Texts | None = None
    min_pixel_spacing: float | None = None
    slice_thickness: Text | None = None
    contrast: Text | None = None
    vendors_validated: Texts | None = None
    procedure_codes: Texts | None = None


class Use(OpenDocument):
    """How the model is meant to be used, by whom, where in the work."""

    clinical_question: Text | None = None
    workflow_position: (
        Literal["triage", "concurrent", "second_reader", "pre_read", "autonomous"] | None
    ) = None
    decision_role: Literal["informs", "augments", "replaces"] | None = None
    users: Texts | None = None
    how_to_use: Text | None = None
    training_required: Text | None = None
    population: Population | None = None
    imaging: Imaging | None = None
    out_of_scope: Texts | None = None
    cautions: Texts | None = None
    contraindications: Texts | None = None


class DataSet(OpenDocument):
    """Data that the model was developed on."""

    name: Text
    period: Text | None = None
    sites: Texts | Count | None = None
    countries: Texts | None = None
    n_patients: Count | None = None
    n_studies: Count | None = None
    n_positive: Count | None = None
    modality_mix: Text | None = None
    in_exclusion: Text | None = None
    labelling: Table | None = None
    preprocessing: Text | None = None
    consent_basis: Text | None = None
    link: Text | None = None


class Development(OpenDocument):
    """How the model was made."""

    data: tuple[DataSet, ...] = ()
    demographics: Table | None = None
    demographic_inputs: Texts | None = None
    """Demographic attributes that the model is given as inputs"""
    representativeness: Text | None = None
    leakage_controls: Text | None = None
    training_procedure: Text | None = None


class Fairness(OpenDocument):
    """What was done so that the model works alike for all, and where it does not."""

    approach: Text | None = None
    mitigation: Texts | None = None
    groups_considered: Texts | None = None
    known_gaps: Texts | None = None
    ethical_risks: Texts | None = None


class RiskSection(OpenDocument):
    """What can go wrong, and where the safety case says so."""

    clinical_risk_level: Text | None = None
    known_risks: Texts | None = None
    limitations: Texts | None = None
    failure_modes: Texts | None = None
    hazard_log_ref: Text | None = None
    cscr_ref: Text | None = None
    """The clinical safety case report (DCB0129)"""
    inherited_cases: Texts | None = None
    residual_risk_max: Text | None = None
    cso: Table | None = None
    """The clinical safety officer: name and registration"""


class Oversight(OpenDocument):
    """Who stays in charge, and how the model is overruled and stopped."""

    human_review: Text | None = None
    override_path: Text | None = None
    stop_control: Text | None = None
    escalation_contact: Text | None = None
    automation_bias_controls: Text | None = None
    patient_notice: Text | None = None
    appeals: Text | None = None


class MonitoringSection(OpenDocument):
    """What is watched after release, how often, and when the model is stopped."""

    plan_ref: Text | None = None
    metrics: tuple[Table, ...] = ()
    frequency: Text | None = None
    fairness_frequency: Text | None = None
    stop_rules: Texts | None = None
    feedback_channel: Text | None = None
    incident_contact: Text | None = None


class Maintenance(OpenDocument):
    """How the model is kept up and corrected, and until when."""

    update_policy: Text | None = None
    update_frequency: Text | None = None
    correction_policy: Text | None = None
    rollback: Text | None = None
    pccp_mods: Texts | None = None
    support_end: Text | None = None


class Resources(OpenDocument):
    """Where to read more, and whom to ask."""

    publications: Texts | None = None
    trials: Texts | None = None
    ifu_url: Text | None = None
    """Instructions for use"""
    contact: Text | None = None


class CardDocument(OpenDocument):
    """card.yaml: what the public, the readers and the sites are told about a model."""

    summary_public: Summary = Field(
        examples=["Looks for pneumonia on a chest radiograph of an adult. A radiologist decides."]
    )
    """What it is, in plain English of at most 100 words"""
    intended_use: Text
    """What it is for, and how it is meant to be used"""
    out_of_scope: Texts
    """What it must not be used for"""
    limitations: Texts
    """What it cannot do, and where it is known to fail"""
    evaluation: Annotated[tuple[Evaluation, ...], Field(min_length=1, max_length=100)]
    """How well it was found to work, on which data"""
    title: Text | None = None
    users: TextOrTexts | None = None
    """Who is meant to use it"""
    known_gaps: TextOrTexts | None = None
    """For whom it was not evaluated"""
    oversight: (
        Annotated[
            Annotated[Text, Tag("(text)")] | Annotated[Oversight, Tag("(object)")],
            Discriminator(lambda value: "(text)" if isinstance(value, str) else "(object)"),
        ]
        | None
    ) = None
    """Who stays in charge"""
    contact: Text | None = None
    """Where questions and reports go"""
    developer: Developer | None = None
    regulatory: Regulatory | None = None
    use: Use | None = None
    development: Development | None = None
    fairness: Fairness | None = None
    risk: RiskSection | None = None
    monitoring: MonitoringSection | None = None
    maintenance: Maintenance | None = None
    resources: Resources | None = None
    model: Table | None = None
    """The model's type and architecture, its inputs and outputs, licence and citations"""
    output: Table | None = None
    """What is given out: findings, thresholds with their rationale, calibration, DICOM objects"""
    data_protection: Table | None = None
    """Lawful basis, DPIA, what is kept and for how long"""
    security: Table | None = None
    """SBOM, contact for vulnerabilities, penetration test, certificates"""
