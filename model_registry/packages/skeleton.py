"""Write the first draft of a package from an ONNX file: what the graph says is filled in.

What only the supplier knows is left to be written, marked `…`; `vigil package check` then names
each place that still breaks a rule.
"""

import shutil
from pathlib import Path

from model_registry.packages import layout
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.structure import Port, Structure, read_structure
from vigil.kernel.errors import Fault

_IMAGE_RANKS = {4: "NCHW", 5: "NCDHW"}


def write_skeleton(model: Path, folder: Path) -> list[Path]:
    """Make `folder` with a copy of `model` and drafts of the other files.

    Raises:
        BrokenPackage: the folder holds something already, or `model` is no ONNX file.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BrokenPackage.because([Fault(str(folder), "not empty", "Name a new folder")])
    structure = read_structure(model.read_bytes())
    texts = {
        layout.MANIFEST: manifest_draft(structure),
        layout.CARD: _CARD,
        layout.SAFETY_CASE: _SAFETY_CASE,
        layout.CASES: cases_draft(structure),
    }
    (folder / "golden").mkdir(parents=True)
    shutil.copyfile(model, folder / layout.MODEL)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in (layout.MODEL, *texts)]


def manifest_draft(structure: Structure) -> str:
    tensors = "".join(_tensor(port) for port in structure.inputs)
    outputs = "".join(_output(port) for port in structure.outputs)
    return _MANIFEST.format(opset=structure.opset, tensors=tensors, outputs=outputs)


def cases_draft(structure: Structure) -> str:
    inputs = ", ".join(f"{port.name}: {port.name}.npy" for port in structure.inputs)
    outputs = ", ".join(f"{port.name}: {port.name}.npy" for port in structure.outputs)
    return _CASES.format(inputs=inputs, outputs=outputs)


def _tensor(port: Port) -> str:
    rank = len(port.shape or ())
    if rank not in _IMAGE_RANKS:
        return (
            f"    - name: {port.name}            # {_shown(port)}\n      dtype: {port.dtype}\n"
            "      from: [patient_age]      # attributes, in the order of the model's columns\n"
        )
    is_nhwc = rank == 4 and port.shape is not None and port.shape[3] in (1, 3)  # noqa: PLR2004 - NHWC has four dimensions
    text = "NHWC" if is_nhwc else _IMAGE_RANKS[rank]
    lengths = dict(zip(text, port.shape or (), strict=True))
    height, width, channels = (lengths[axis] for axis in "HWC")
    return _TENSOR.format(
        name=port.name,
        shown=_shown(port),
        layout=text,
        dtype=port.dtype,
        height=height or 224,
        width=width or 224,
        channels=channels or 1,
    )


def _output(port: Port) -> str:
    rank = len(port.shape or ())
    if rank > 2:  # noqa: PLR2004 - more than batch and class is an image
        return _SEGMENTATION.format(name=port.name, shown=_shown(port))
    count = (port.shape or (None,))[-1] or 1
    findings = "".join(_FINDING.format(index=index) for index in range(count))
    return _PROBABILITIES.format(name=port.name, shown=_shown(port)) + findings


def _shown(port: Port) -> str:
    if port.shape is None:
        return f"{port.dtype}, shape not declared"
    return f"{port.dtype} [{', '.join('?' if n is None else str(n) for n in port.shape)}]"


_MANIFEST = """\
# What Vigil must know to run this model. Check it: vigil package check FOLDER
schema: vigil/package/v1
model:
  name: my-model               # lower case, digits and hyphens
  version: 0.1.0
  supplier: …                  # your organisation's code
  licence: …
  device:
    udi_di: null               # UDI-DI, where the model is a registered device
    class_uk: null
    content_qualification: RESEARCH      # PRODUCT | RESEARCH | SERVICE
input:
  level: instance              # instance | series | study
  select: 'modality in ["CR", "DX"]'     # CEL: which images the model takes
  guard: 'patient_age >= 18'             # CEL: what it must not be used without
  tensors:                     # opset {opset}
{tensors}output:
{outputs}resources: {{max_seconds: 20, max_memory_mb: 1500}}
monitoring: {{streams: [], tolerances: {{}}}}
"""
_TENSOR = """\
    - name: {name}             # {shown}
      layout: {layout}
      dtype: {dtype}
      steps:                   # exactly as in training
        - modality_lut
        - voi: {{window: dicom}}
        - monochrome1: invert
        - resize: {{height: {height}, width: {width}, method: area}}
        - scale: {{to: [0, 1]}}
        - channels: {channels}
"""
_PROBABILITIES = """\
  - name: {name}               # {shown}
    kind: probabilities        # probabilities | segmentation | saliency | measurement
    activation: none           # what Vigil applies: none | sigmoid | softmax
    findings:
"""
_SEGMENTATION = """\
  - name: {name}               # {shown}
    kind: segmentation         # or saliency, without findings
    activation: none
    findings:
      - key: {name}_0
        index: 0
        code: {{scheme: SCT, value: "…", meaning: …}}
        threshold: 0.5
"""
_FINDING = """\
      - key: finding_{index}
        index: {index}
        code: {{scheme: SCT, value: "…", meaning: …}}
        threshold: 0.5         # the clinical threshold: choose it, this is none
"""
_CARD = """\
# What the public, the radiologists and the sites are told about this model.
summary_public: …              # plain English, at most 100 words
intended_use: …
out_of_scope: [] # what it must not be used for
limitations: []
evaluation: [] # - {dataset: …, metrics: [{name: auroc, value: 0.9, low: 0.8, high: 0.95}]}
"""
_SAFETY_CASE = """\
# The clinical safety case (DCB0129): hazards, their harm, their controls, the risk left over.
title: …
hazards: []
# - name: Missed finding
#   harm: Delayed treatment
#   controls:
#     - name: The radiologist reads every study
#   initial: {severity: considerable, likelihood: medium}
#   residual: {severity: considerable, likelihood: low}
# severity: minor significant considerable major catastrophic
# likelihood: very_low low medium high very_high
"""
_CASES = """\
# Inputs with the outputs that you saw. Vigil reproduces them at admission and at every load.
cases:
  - name: first
    input: {{{inputs}}}        # .npy files here, or a DICOM file: chest.dcm
    expected: {{{outputs}}}    # .npy files here, or the numbers: [[0.93]]
    tolerance: 1.0e-4
"""
