"""The texts that `vigil package init` writes: every field with what it means and may be.

`…` marks what only the supplier knows. What begins with `#` is left out until it is wanted.
"""

MANIFEST = """\
# What Vigil must know to run this model. Fill in each …, then: vigil package check FOLDER
# Your editor can check it as you type, with the schema that `vigil package schema manifest` prints.
schema: vigil/package/v1
model:
  name: {name}             # lower case, digits and hyphens; the same for every version
  version: 1.0.0               # your label of these bytes; other bytes need another label
  supplier: …                  # your organisation's code at the network
  licence: …                   # SPDX (Apache-2.0), or proprietary with its text in LICENCE
  device:
    # PRODUCT: a device on the market; RESEARCH: not yet one; SERVICE: made and used in-house.
    # DICOM (0018,9004), PS3.3 C.8.13.2.1. A PRODUCT has a udi_di and a class_uk.
    content_qualification: RESEARCH
    # udi_di: "05012345678900" # UDI-DI, from the registration of the device
    # class_uk: IIa            # I | IIa | IIb | III, from the registration of the device
input:
  level: instance              # instance | series | study: what one run is given
  # CEL over attributes of the header (docs/routing.md lists them): which images the model takes,
  # such as: modality in ["CR", "DX"] && body_part == "CHEST" && view in ["PA", "AP"]
  select: …
  # CEL: what it must not be used without. An image that fails it is SKIPPED, with the reason.
  # guard: 'patient_age >= 18 && rows >= 512'
  tensors:                     # one for each input of the graph (opset {opset}); names are its own
{tensors}output:                        # one for each output that is to be read; leave out the rest
{outputs}resources:
  max_seconds: 20              # of one run, after which the process is ended; at most 3600
  max_memory_mb: {memory}          # the model's own, 64 to 65536; `vigil package run` tells its use
# What surveillance should watch most closely, and what change would matter to a patient.
# monitoring:
#   streams: [score, flag_rate, override_rate]
#   crosses: {{maker_view: [manufacturer, view]}}    # groups by two or three categories; 4 at most
#   tolerances: {{auc: 0.05}}
#   reference: reference.parquet          # scores and attributes of your validation set
# If this version is a change inside the predetermined plan of an earlier one (change_plan.yaml):
# follows: {{version: 1.0.0, step: retrain}}
"""
IMAGE = """\
    - name: {name}
      layout: {layout}             # NCHW | NHWC | NCDHW; the graph takes {shown}
      dtype: {dtype}           # what the graph takes
      steps:                   # in this order, exactly as in training; each once at most
        - modality_lut                    # stored values to Hounsfield or the like, PS3.3 C.11.1
        - voi: {{window: dicom}}            # dicom: the image's own window; full: none
        - monochrome1: invert             # more is brighter, whatever the header says
        - resize: {{height: {height}, width: {width}, method: area}}     # area | linear | nearest
        - scale: {{to: [0, 1]}}             # from: stored (the bits' range) | data | [low, high]
        # - normalise: {{mean: [0.485], std: [0.229]}}
        - channels: {channels}                     # 1 | 3: repeats a grey image
"""
ATTRIBUTES = """\
    - name: {name}
      dtype: {dtype}           # the graph takes {shown}
      from: [{attributes}]     # attributes of the header, in the order of the model's columns
      # codes: {{patient_sex: {{F: 0, M: 1}}}}  # which number stands for which text
"""
PROBABILITIES = """\
  - name: {name}
    # The graph gives {shown}.
    kind: probabilities        # probabilities | measurement, which has a unit: ml
    activation: none           # what Vigil applies to the numbers: none | sigmoid | softmax
    findings:                  # leave out those that are not to be shown to anybody
"""
PICTURE = """\
  - name: {name}
    # The graph gives {shown}.
    kind: segmentation         # or saliency or embedding, without findings
    activation: none           # what Vigil applies to the numbers: none | sigmoid | softmax
    findings:
"""
FINDING = """\
      - key: finding_{index}         # your own name of it, the same in every version
        index: {index}               # its place in the output
        # SNOMED CT (SCT), RadLex or your own (99…): value and meaning of 16 and 64 letters at most
        code: {{scheme: SCT, value: …, meaning: …}}
        threshold: …           # from which score it is flagged: a clinical choice, between 0 and 1
"""
CARD = """\
# What the public, the readers and the sites are told. Leave out what is not known; invent nothing.
# The schema is printed by: vigil package schema card
summary_public: …              # what it is, in plain English of at most 100 words
intended_use: …                # what for, by whom, where in the work
out_of_scope:                  # what it must not be used for
  - …
limitations:                   # what it cannot do, where it is known to fail
  - …
evaluation:                    # one for each data set, as many as there are
  - dataset: …                 # so that a reader can tell it from another
    evaluator: …               # who, and whether they are independent of you
    reference_standard: …      # the truth that the figures are against
    metrics:                   # of all cases, and of each subgroup
      - {{name: AUROC, value: …, ci_low: …, ci_high: …, n: …}}
      # - {{name: sensitivity at 0.62, successes: 91, n: 100, value: 0.91, axis: sex, level: F}}
      # - {{name: PPV, suppressed: true, reason: fewer than 10 cases, axis: age, level: 80+}}
# users: Radiologists
# known_gaps: For whom it was not evaluated
# oversight: {{human_review: …, override_path: …, stop_control: …}}
# contact: Where questions and reports go
# developer: {{name: …, contact: …, uk_rp: …, funding: […]}}
# regulatory: {{class_uk: …, udi_di: …, intended_purpose_text: …, content_qualification: RESEARCH}}
# use:
#   # triage | concurrent | second_reader | pre_read | autonomous
#   workflow_position: second_reader
#   population: {{age_min: 18, sexes: [F, M], exclusion: […]}}
#   imaging: {{modalities: [DX], views: [PA], vendors_validated: […]}}
# development:
#   data: [{{name: …, period: …, sites: 3, n_patients: 1000, n_positive: 200}}]
# fairness: {{approach: …, groups_considered: […], known_gaps: […]}}
# monitoring: {{plan_ref: …, frequency: …, stop_rules: […], incident_contact: …}}
# maintenance: {{update_policy: …, correction_policy: …, support_end: 2030-01-01}}
"""
SAFETY_CASE = """\
# The clinical safety case (DCB0129): hazards, their harm, their controls, the risk that is left.
title: …
hazards:                       # one for each, as many as there are
  - name: …                    # such as: a pneumonia is missed, and the reader follows
    harm: …                    # what could happen to a patient
    controls:                  # what keeps it from happening
      - …
      # - {{name: Override rate is watched, type: test, stream: override_rate}}
    # severity: minor | significant | considerable | major | catastrophic
    # likelihood: very_low | low | medium | high | very_high
    initial: {{severity: …, likelihood: …}}      # before the controls
    residual: {{severity: …, likelihood: …}}     # with them; never above the initial risk
"""
CASES = """\
# Inputs with the outputs that you saw. Vigil reproduces them at admission and at every load.
cases:
  - name: gradient             # made by formula: no patient's image
    # .npy files in golden/, as the graph takes them; or a DICOM file, which tests the steps as well
    input: {{{inputs}}}
    # What your own runtime gives for it, after the activation: the numbers, or a .npy file.
    expected: {{{outputs}}}
    tolerance: 1.0e-4          # the largest difference that is near enough; at most 0.1
"""
