"""Whether what the manifest declares is what the ONNX graph takes and gives."""

from collections.abc import Iterator, Sequence

from model_registry.packages.golden import GoldenCase
from model_registry.packages.layout import CASES, MANIFEST
from model_registry.packages.manifest import Manifest, Output, Tensor
from model_registry.packages.steps import Channels, Resize
from model_registry.packages.structure import Port, Structure
from vigil.kernel.dicom import ATTRIBUTES
from vigil.kernel.errors import Fault

_FLOATS = frozenset({"float16", "float32", "float64"})
_MB = 1024 * 1024
Shape = Sequence[int | None]


def interface_faults(manifest: Manifest, structure: Structure) -> list[Fault]:
    """Return every way in which the two do not fit."""
    faults = [*_undeclared(manifest, structure)]
    for number, tensor in enumerate(manifest.input.tensors):
        faults += _input_faults(tensor, structure, f"{MANIFEST}:input.tensors.{number}")
    for number, output in enumerate(manifest.output):
        faults += _output_faults(output, structure, f"{MANIFEST}:output.{number}")
    return [*faults, *_budget_faults(manifest, structure)]


def expected_shape(tensor: Tensor) -> tuple[int | None, ...]:
    """Return the shape that Vigil will feed for one image; what the image decides is None."""
    if tensor.layout is None:
        return (1, len(tensor.from_))
    size = next((step for step in tensor.steps if isinstance(step, Resize)), None)
    height, width = (size.height, size.width) if size else (None, None)
    channels = next((s.count for s in tensor.steps if isinstance(s, Channels)), 1)
    return {
        "NCHW": (1, channels, height, width),
        "NHWC": (1, height, width, channels),
        "NCDHW": (1, channels, None, height, width),
    }[tensor.layout]


def golden_shape_faults(
    cases: Sequence[GoldenCase], manifest: Manifest, structure: Structure
) -> list[Fault]:
    """Return where a golden case's arrays are not what the graph takes and gives.

    An input given as DICOM is made by the steps, which `interface_faults` holds against the graph.
    """
    dtypes = {tensor.name: tensor.dtype for tensor in manifest.input.tensors}
    faults = []
    for number, case in enumerate(cases):
        place = f"{CASES}:cases.{number}"
        for name, array in case.inputs.items():
            port, field = structure.input(name), f"{place}.input.{name}"
            if array.dtype.name != dtypes[name]:
                remedy = f"Save it as {dtypes[name]}"
                faults.append(Fault(field, f"it is {array.dtype.name}", remedy))
            faults += _golden_faults(field, array.shape, port, "takes")
        for name, array in case.expected.items():
            port = structure.output(name)
            faults += _golden_faults(f"{place}.expected.{name}", array.shape, port, "gives")
    return faults


def _golden_faults(field: str, given: Shape, port: Port | None, verb: str) -> Iterator[Fault]:
    if port is None or port.shape is None:
        return
    fits = len(given) == len(port.shape) and all(
        wanted is None or length == wanted for length, wanted in zip(given, port.shape, strict=True)
    )
    if not fits:
        problem = f"it is {_shown(given)}, the model {verb} {_shown(port.shape)}"
        yield Fault(field, problem, "Give it as it was in your own run, the batch included")


def _budget_faults(manifest: Manifest, structure: Structure) -> Iterator[Fault]:
    """Say now what would otherwise be said when it runs out of memory on a patient's image."""
    needed = -(-(structure.largest_bytes + structure.tensor_bytes) // _MB)
    if needed > manifest.resources.max_memory_mb:
        problem = f"the weights and {structure.largest_name or 'nothing else'} take {needed} MB"
        place = f"{MANIFEST}:resources.max_memory_mb"
        yield Fault(place, problem, "Ask for what it uses, or make the model smaller")


def _undeclared(manifest: Manifest, structure: Structure) -> Iterator[Fault]:
    declared = {tensor.name for tensor in manifest.input.tensors}
    for port in structure.inputs:
        if port.name not in declared:
            remedy = f"Declare a tensor named {port.name}"
            yield Fault(f"{MANIFEST}:input.tensors", f"input {port.name} is not declared", remedy)


def _input_faults(tensor: Tensor, structure: Structure, place: str) -> Iterator[Fault]:
    port = structure.input(tensor.name)
    if port is None:
        names = ", ".join(port.name for port in structure.inputs)
        yield Fault(f"{place}.name", f"the model has no input {tensor.name}", f"Use: {names}")
        return
    if port.dtype != tensor.dtype:
        yield Fault(f"{place}.dtype", f"the model takes {port.dtype}", f"Write {port.dtype}")
    yield from _shape_faults(tensor, port, place)
    yield from _attribute_faults(tensor, place)


def _shape_faults(tensor: Tensor, port: Port, place: str) -> Iterator[Fault]:
    given, taken = expected_shape(tensor), port.shape
    if taken is None:
        return
    field = f"{place}.{'layout' if tensor.layout else 'from'}"
    if len(given) != len(taken):
        problem = f"it has {len(given)} dimensions, the model takes {_shown(taken)}"
        yield Fault(field, problem, "Choose the layout that the model was trained with")
        return
    for length, wanted in zip(given, taken, strict=True):
        if wanted is None or length == wanted or (length is None and tensor.layout == "NCDHW"):
            continue
        remedy = "Correct resize, channels or layout" if tensor.layout else "Name as many"
        yield Fault(field, f"{_shown(given)} is fed, the model takes {_shown(taken)}", remedy)
        return


def _attribute_faults(tensor: Tensor, place: str) -> Iterator[Fault]:
    for name in tensor.from_:
        if ATTRIBUTES[name] == "list":
            yield Fault(f"{place}.from", f"{name} is a list", "Take an attribute of one value")
        elif ATTRIBUTES[name] == "text" and not tensor.codes.get(name):
            remedy = f"Say which number stands for which text: codes: {{{name}: {{M: 1, F: 0}}}}"
            yield Fault(f"{place}.codes", f"{name} is text and has no codes", remedy)


def _output_faults(output: Output, structure: Structure, place: str) -> Iterator[Fault]:
    port = structure.output(output.name)
    if port is None:
        names = ", ".join(port.name for port in structure.outputs)
        yield Fault(f"{place}.name", f"the model has no output {output.name}", f"Use: {names}")
        return
    if port.dtype not in _FLOATS:
        yield Fault(f"{place}.name", f"it gives {port.dtype}", "Give an output of floats")
    yield from _rank_faults(output, port, place)
    yield from _index_faults(output, port, place)
    yield from _length_faults(output, port, place)


_RANKS = {
    "probabilities": (1, 2),
    "segmentation": (3, 4, 5),
    "saliency": (3, 4, 5),
    "measurement": (0, 1, 2),
    "embedding": (1, 2),
}
# Of more numbers, frozen directions would take longer to find than a reference should.
_EMBEDDINGS = range(2, 2049)


def _rank_faults(output: Output, port: Port, place: str) -> Iterator[Fault]:
    if port.shape is not None and len(port.shape) not in _RANKS[output.kind]:
        problem = f"the model gives {_shown(port.shape)}, which is no {output.kind}"
        ranks = " or ".join(str(rank) for rank in _RANKS[output.kind])
        yield Fault(f"{place}.kind", problem, f"Give {ranks} dimensions, or another kind")


def _length_faults(output: Output, port: Port, place: str) -> Iterator[Fault]:
    length = port.shape[-1] if port.shape else None
    if output.kind == "embedding" and length is not None and length not in _EMBEDDINGS:
        longest = _EMBEDDINGS[-1]
        remedy = f"Give an embedding of 2 to {longest}, such as the one after pooling"
        yield Fault(f"{place}.name", f"it gives {length} numbers", remedy)


def _index_faults(output: Output, port: Port, place: str) -> Iterator[Fault]:
    if not port.shape or len(port.shape) == 1:
        return
    length = port.shape[1]
    for number, finding in enumerate(output.findings):
        if length is not None and finding.index >= length:
            field = f"{place}.findings.{number}.index"
            yield Fault(field, f"the output has {length}", f"Use 0 to {length - 1}")


def _shown(shape: Shape) -> str:
    return "[" + ", ".join("?" if length is None else str(length) for length in shape) + "]"
