"""The malicious set: models and archives made to break out, to hang or to fill the machine.

Each is named; `MODELS` and `ARCHIVES` build its bytes when asked, `NAMED` is what the refusal of a
model says and `ARCHIVES_NAMED` that of an archive. An archive is a whole package, so that it could
be submitted; `archive_with` makes one of a model.
"""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from factories import onnx_models
from factories.packages import onnx_model, package, package_files
from onnx import TensorProto, helper, numpy_helper

from model_registry.packages.build import build

Builder = Callable[[], bytes]
GIB = 1 << 30


def declared(model: bytes) -> bytes:
    """Declare the shape of the output, so that nothing but the malice itself is refused."""
    whole = onnx.load_model_from_string(model)
    for output in whole.graph.output:
        output.type.tensor_type.shape.dim.add(dim_param="n")
    return bytes(whole.SerializeToString())


def archive_with(model: bytes) -> bytes:
    """Return a package that is in order but for its model."""
    return build(package(model_onnx=model))


def tagged(key: str, value: str) -> bytes:
    """Hold a constant's external data under DEFAULT location: no reader should follow it."""
    model = onnx_model()
    model.graph.initializer[0].external_data.add(key=key, value=value)
    return bytes(model.SerializeToString())


def in_branch() -> bytes:
    """Name another file from within a branch of an If."""
    stolen = TensorProto(name="stolen", data_type=TensorProto.FLOAT, dims=[4])
    stolen.data_location = TensorProto.EXTERNAL
    stolen.external_data.add(key="location", value="/etc/passwd")
    node = helper.make_node("Constant", [], ["c"], value=stolen)
    out = helper.make_tensor_value_info("c", TensorProto.FLOAT, [4])
    branch = helper.make_graph([node], "branch", [], [out])
    yes = numpy_helper.from_array(np.array(True), "yes")
    choice = helper.make_node("If", ["yes"], ["s"], then_branch=branch, else_branch=branch)
    add = helper.make_node("Add", ["x", "s"], ["y"])
    return onnx_models.build([choice, add], {"x": [4]}, ["y"], [yes])


def in_function() -> bytes:
    stolen = TensorProto(name="stolen", data_type=TensorProto.FLOAT, dims=[4])
    stolen.data_location = TensorProto.EXTERNAL
    stolen.external_data.add(key="location", value="secret")
    node = helper.make_node("Constant", [], ["c"], value=stolen)
    model = onnx_model()
    function = helper.make_function("own", "f", [], ["c"], [node], [helper.make_opsetid("", 17)])
    model.functions.append(function)
    return bytes(model.SerializeToString())


def in_sparse() -> bytes:
    model = onnx_model()
    values = model.graph.sparse_initializer.add().values
    values.name, values.data_type = "stolen", TensorProto.FLOAT
    values.data_location = TensorProto.EXTERNAL
    values.external_data.add(key="location", value="secret")
    return bytes(model.SerializeToString())


def constant_of(count: int) -> bytes:
    """Ask, in some hundred bytes, for `count` floats on each run."""
    shape = numpy_helper.from_array(np.array([count], dtype=np.int64), "shape")
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    return onnx_models.build(nodes, {"x": [1]}, ["y"], [shape])


_NUMBERS: dict[str, list[Any]] = {
    "Expand": [np.zeros(1, np.float32), np.array([GIB])],
    "Tile": [np.zeros(1 << 10, np.float32), np.array([1 << 20])],
    "Range": [np.float32(0), np.float32(GIB), np.float32(1)],
}


def spread_by(operator: str) -> bytes:
    """Ask for 4 GiB by Expand, Tile or Range of constants."""
    numbers = _NUMBERS[operator]
    constants = [numpy_helper.from_array(np.asarray(v), f"c{i}") for i, v in enumerate(numbers)]
    nodes = [
        helper.make_node(operator, [constant.name for constant in constants], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    return onnx_models.build(nodes, {"x": [1]}, ["y"], constants)


def for_ever() -> bytes:
    """Go round for as long as it is let, whatever it is given; as few bytes as may be."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Mul", ["value", "value"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    constants = [
        numpy_helper.from_array(np.array(1 << 62, dtype=np.int64), "turns"),
        numpy_helper.from_array(np.array(True), "yes"),
    ]
    loop = helper.make_node("Loop", ["turns", "yes", "x"], ["y"], body=body)
    return onnx_models.build([loop], {"x": [1]}, ["y"], constants)


def many_nodes(count: int = 200_000) -> bytes:
    nodes = [helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(count)]
    return onnx_models.build(nodes, {"v0": [1]}, [f"v{count}"])


def many_constants(count: int = 50_000) -> bytes:
    one = np.ones(1, np.float32)
    constants = [numpy_helper.from_array(one, f"c{number}") for number in range(count)]
    add = helper.make_node("Add", ["x", "c0"], ["y"])
    return onnx_models.build([add], {"x": [1]}, ["y"], constants)


def nested(depth: int) -> bytes:
    """Put an If into an If, `depth` times."""
    out = helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])
    value = numpy_helper.from_array(np.zeros(1, np.float32), "c")
    yes = numpy_helper.from_array(np.array(True), "yes")
    nodes = [helper.make_node("Constant", [], ["c"], value=value)]
    other = helper.make_graph(nodes, "other", [], [out])
    for _ in range(depth):
        inner = helper.make_graph(nodes, "branch", [], [out])
        nodes = [
            helper.make_node("Constant", [], ["yes"], value=yes),
            helper.make_node("If", ["yes"], ["c"], then_branch=inner, else_branch=other),
        ]
    nodes.append(helper.make_node("Add", ["x", "c"], ["y"]))
    return onnx_models.build(nodes, {"x": [1]}, ["y"])


def past_the_parser(depth: int = 500) -> bytes:
    """Nest graph, node, attribute, written byte by byte: no library would build it."""
    data = b""
    for _ in range(depth):
        for number in (6, 5, 1):
            data = bytes([number << 3 | 2]) + _varint(len(data)) + data
    return b"\x08\x08" + b"\x3a" + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def with_metadata() -> bytes:
    model = onnx_model()
    helper.set_model_props(model, {"ort_config": '{"session_options": {"intra_op": 64}}'})
    return bytes(model.SerializeToString())


def operator_of(name: str, domain: str = "") -> bytes:
    model = onnx_model(domain=domain)
    model.graph.node[2].op_type = name
    return bytes(model.SerializeToString())


def with_unknown_field() -> bytes:
    """Append a field that ONNX does not have (number 99, bytes): room for a second content."""
    return bytes(onnx_model().SerializeToString()) + b"\x9a\x06\x04evil"


MODELS: dict[str, Builder] = {
    "external, parent folder": lambda: onnx_models.reading("../secret"),
    "external, absolute": lambda: onnx_models.reading("/etc/passwd"),
    "external, climbing": lambda: onnx_models.reading("sub/../../secret"),
    "external, device": lambda: onnx_models.reading("/dev/zero"),
    "external, in the working folder": lambda: onnx_models.reading("secret"),
    "external, by a hard link": lambda: onnx_models.reading("hardlink.bin"),
    "external, by a symbolic link": lambda: onnx_models.reading("symlink.bin"),
    "external, a raw address": lambda: onnx_models.reading("*/_ORT_MEM_ADDR_/*"),
    "external, though said to be inside": lambda: tagged("location", "secret"),
    "external, in a branch": in_branch,
    "external, in a function": in_function,
    "external, in a sparse tensor": in_sparse,
    "constant-folding bomb": lambda: declared(onnx_models.folding_bomb()),
    "constant of 4 GB": lambda: declared(constant_of(GIB)),
    "constant of 4 TB": lambda: declared(constant_of(GIB << 10)),
    "expansion to 4 GB": lambda: declared(spread_by("Expand")),
    "tiling to 4 GB": lambda: declared(spread_by("Tile")),
    "range of 4 GB": lambda: declared(spread_by("Range")),
    "endless loop": lambda: declared(for_ever()),
    "200k nodes": many_nodes,
    "50k constants": many_constants,
    "nested 10 deep": lambda: nested(10),
    "nested past the parser": past_the_parser,
    "empty": bytes,
    "garbage": lambda: np.random.default_rng(7).bytes(5000),
    "truncated": lambda: bytes(onnx_model().SerializeToString())[:-400],
    "unknown domain": lambda: operator_of("Sigmoid", "com.example"),
    "vendor domain": lambda: operator_of("FusedGemm", "com.microsoft"),
    "unknown operator": lambda: operator_of("Exfiltrate"),
    "image decoder": lambda: operator_of("ImageDecoder"),
    "chance": lambda: operator_of("Bernoulli"),
    "runtime settings in the metadata": with_metadata,
    "a field that ONNX does not have": with_unknown_field,
}

_ELSEWHERE = "is elsewhere"
_TOO_LARGE = "would take"
NAMED: dict[str, str] = {
    **{name: _ELSEWHERE for name in MODELS if name.startswith("external")},
    "constant-folding bomb": "before it is ever run",
    "constant of 4 GB": _TOO_LARGE,
    "constant of 4 TB": _TOO_LARGE,
    "expansion to 4 GB": _TOO_LARGE,
    "tiling to 4 GB": _TOO_LARGE,
    "range of 4 GB": _TOO_LARGE,
    "endless loop": "goes round 4611686018427387904 times",
    "200k nodes": "more than 20000 nodes",
    "50k constants": "more than 20000 constants",
    "nested 10 deep": "nested deeper than 8",
    "nested past the parser": "nested too deeply",
    "empty": "empty",
    "garbage": "not ONNX",
    "truncated": "not ONNX",
    "unknown domain": "the domain 'com.example' is not known",
    "vendor domain": "the domain 'com.microsoft' is not known",
    "unknown operator": "the operator Exfiltrate is not on the list",
    "image decoder": "the operator ImageDecoder is not on the list",
    "chance": "the operator Bernoulli is not on the list",
    "runtime settings in the metadata": "ort_config",
    "a field that ONNX does not have": "a field that ONNX does not have",
}


def zipped(*members: tuple[zipfile.ZipInfo | str, bytes], deflate: bool = False) -> bytes:
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.filterwarnings("ignore", message="Duplicate name")
        for name, data in members:
            archive.writestr(name, data, method)
    return buffer.getvalue()


def with_member(name: str, data: bytes = b"x") -> bytes:
    """Add a member to a package that is in order."""
    return zipped(*package_files().items(), (name, data))


def with_link(target: bytes, *, directory: bool = False) -> bytes:
    entry = zipfile.ZipInfo("card.yaml" if not directory else "golden/image.npy")
    entry.create_system = 3
    entry.external_attr = (0o120777 << 16) if not directory else (0o040755 << 16)
    files = {k: v for k, v in package_files().items() if k != entry.filename}
    return zipped(*files.items(), (entry, target))


def with_model(data: bytes) -> bytes:
    return zipped(*{**package_files(), "model.onnx": data}.items(), deflate=True)


def overlapping() -> bytes:
    """Let two names share the same compressed bytes, as bombs without recursion do."""
    data = bytearray(zipped(*package_files().items()))
    end = data[-22:]
    (start,) = struct.unpack("<L", end[16:20])
    first = data.index(b"PK\x01\x02", start)
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def lying_about_length() -> bytes:
    data = bytearray(with_model(bytes(100_000)))
    place = data.index(b"PK\x01\x02")
    while data[place + 46 : place + 56] != b"model.onnx":
        place = data.index(b"PK\x01\x02", place + 4)
    data[place + 24 : place + 28] = struct.pack("<L", 10)
    return bytes(data)


ARCHIVES: dict[str, Builder] = {
    "slip by ..": lambda: with_member("../model.onnx"),
    "slip by golden/..": lambda: with_member("golden/../../etc/cron.d/x"),
    "slip by an absolute name": lambda: with_member("/etc/passwd"),
    "slip by backslashes": lambda: with_member("..\\..\\model.onnx"),
    "slip by a drive": lambda: with_member("C:\\model.onnx"),
    "name with a null": lambda: with_member("card.yamlX.exe").replace(b"yamlX.exe", b"yaml\0.exe"),
    "a folder too deep": lambda: with_member("golden/a/b/c.npy"),
    "a program": lambda: with_member("setup.py", b"import os"),
    "an archive in the archive": lambda: with_member("model.zip", zipped(("a", b"b"))),
    "a name twice": lambda: with_member("card.yaml", b"summary_public: another"),
    "a link": lambda: with_link(b"/etc/passwd"),
    "a folder as a file": lambda: with_link(b"", directory=True),
    "bomb by ratio": lambda: with_model(bytes(64 << 20)),
    "bomb by overlap": overlapping,
    "bomb by members": lambda: zipped(*((f"golden/{n}.npy", b"") for n in range(5000))),
    "a length that lies": lying_about_length,
    "polyglot, before": lambda: b"#!/bin/sh\ncurl evil\n" + zipped(*package_files().items()),
    "polyglot, after": lambda: zipped(*package_files().items()) + b"<script>",
    "polyglot, comment": lambda: zipped(*package_files().items())[:-2] + b"\x08\x00<script>",
    "polyglot, between": lambda: in_between(b"<script>alert(1)</script>"),
    "empty": bytes,
    "garbage": lambda: np.random.default_rng(7).bytes(5000),
    "truncated": lambda: zipped(*package_files().items())[:-30],
}


def in_between(hidden: bytes) -> bytes:
    """Hide bytes between the members and the directory, where no reader looks."""
    data = zipped(*package_files().items())
    (start,) = struct.unpack("<L", data[-6:-2])
    end = data[-22:-6] + struct.pack("<L", start + len(hidden)) + data[-2:]
    return data[:start] + hidden + data[start:-22] + end


_NO_FILE = "not a file of a package"
_HIDDEN = "bytes that belong to no member"
ARCHIVES_NAMED: dict[str, str] = {
    **{name: _NO_FILE for name in ARCHIVES if name.startswith("slip")},
    "name with a null": _NO_FILE,
    "a folder too deep": _NO_FILE,
    "a program": "setup.py: not a file of a package",
    "an archive in the archive": "model.zip: not a file of a package",
    "a name twice": "card.yaml: occurs twice",
    "a link": "card.yaml: not a regular file",
    "a folder as a file": "golden/image.npy: not a regular file",
    "bomb by ratio": "model.onnx: expands more than 200 times",
    "bomb by overlap": _HIDDEN,
    "bomb by members": "5000 members",
    "a length that lies": "model.onnx: not as long as it says",
    "polyglot, before": _HIDDEN,
    "polyglot, after": "not a plain zip",
    "polyglot, comment": "not a plain zip",
    "polyglot, between": _HIDDEN,
    "empty": "not a plain zip",
    "garbage": "not a plain zip",
    "truncated": "not a plain zip",
}
