"""Writes the network in the formats of the peers, from network-f32.onnx and the weights file, into a folder:

network-int8.onnx     quantised by ONNX Runtime's own tool, calibrated on the bench's crops, weights per channel: as QDQ and as
network-qlinear.onnx  QLinearConv. conv2 to conv5 only: with the other layers in int8 too ONNX Runtime is slower and far less exact
network-<n>.tflite    float32 for batches of n
network.ncnn.*        by pnnx
"""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
crops = np.fromfile(folder / "crops.bin", np.uint8).reshape(-1, 48, 48, 3)


def quantize():
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):
        def __init__(self):
            self.faces = iter(crops.transpose(0, 3, 1, 2).astype(np.float32)[:, None])

        def get_next(self):
            face = next(self.faces, None)
            return None if face is None else {input_name: face}

    import onnx

    input_name = onnx.load(folder / "network-f32.onnx").graph.input[0].name
    q.shape_inference.quant_pre_process(folder / "network-f32.onnx", folder / "prepared.onnx", skip_symbolic_shape=True)
    for kind, form in (("int8", q.QuantFormat.QDQ), ("qlinear", q.QuantFormat.QOperator)):
        q.quantize_static(
            folder / "prepared.onnx",
            folder / f"network-{kind}.onnx",
            Reader(),
            quant_format=form,
            per_channel=True,
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
            nodes_to_quantize=["conv2", "conv3", "conv4", "conv5"],
        )


def weights():
    data = (folder / "weights.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    dtypes = {"F16": "<f2", "F32": "<f4"}
    out = {}
    for name, entry in header.items():
        if entry["dtype"] not in dtypes:
            continue
        first, last = entry["data_offsets"]
        values = np.frombuffer(data[8 + size + first : 8 + size + last], dtypes[entry["dtype"]])
        out[name] = values.astype(np.float32).reshape(entry["shape"])
    return out


def tflite(batch):
    import flatbuffers
    from ai_edge_litert import schema_py_generated as t

    w = weights()
    model, graph = t.ModelT(), t.SubGraphT()
    model.version = 3
    model.buffers, model.operatorCodes = [t.BufferT()], []
    graph.tensors, graph.operators = [], []
    codes = {}

    def tensor(name, shape, values=None):
        entry = t.TensorT()
        entry.name, entry.shape, entry.type = name, list(shape), t.TensorType.FLOAT32
        entry.buffer = 0
        if values is not None:
            buffer = t.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values, np.float32).tobytes(), np.uint8)
            entry.buffer = len(model.buffers)
            model.buffers.append(buffer)
        graph.tensors.append(entry)
        return len(graph.tensors) - 1

    def constant(name, values):
        return tensor(name, values.shape, values)

    def operator(kind, inputs, shape, options=None):
        if kind not in codes:
            code = t.OperatorCodeT()
            code.builtinCode = getattr(t.BuiltinOperator, kind)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = 1
            codes[kind] = len(model.operatorCodes)
            model.operatorCodes.append(code)
        entry = t.OperatorT()
        entry.opcodeIndex, entry.inputs = codes[kind], inputs
        output = tensor(f"{kind}{len(graph.operators)}", shape)
        entry.outputs = [output]
        if options:
            entry.builtinOptionsType = getattr(t.BuiltinOptions, options[0])
            entry.builtinOptions = getattr(t, options[0] + "T")()
            for key, value in options[1].items():
                setattr(entry.builtinOptions, key, value)
        graph.operators.append(entry)
        return output

    def affine(x, name, shape):
        x = operator("MUL", [x, constant(f"{name}.scale", w[f"{name}.scale"])], shape, ("MulOptions", {}))
        return operator("ADD", [x, constant(f"{name}.shift", w[f"{name}.shift"])], shape, ("AddOptions", {}))

    def prelu(x, name, shape):
        slope = np.broadcast_to(w[f"{name}.slope"], (1,) * (len(shape) - 2) + (shape[-1],))
        return operator("PRELU", [x, constant(f"{name}.slope", slope)], shape)

    side = {"strideW": 1, "strideH": 1}
    same, valid = t.Padding.SAME, t.Padding.VALID
    source = tensor("crops", [batch, 48, 48, 3])
    x = affine(source, "input", [batch, 48, 48, 3])
    for name, size, channels, pooled in (
        ("conv1", 48, 16, True),
        ("conv2", 24, 32, True),
        ("conv3", 12, 64, True),
        ("conv4", 6, 64, False),
        ("conv5", 6, 128, False),
    ):
        shape = [batch, size, size, channels]
        filters = constant(f"{name}.weight", w[f"{name}.weight"].transpose(0, 2, 3, 1))
        inputs = [x, filters, constant(f"{name}.bias", w[f"{name}.bias"])]
        x = operator("CONV_2D", inputs, shape, ("Conv2DOptions", side | {"padding": same}))
        x = prelu(x, name, shape)
        if pooled:
            shape = [batch, size // 2, size // 2, channels]
            pool = {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2, "padding": valid}
            x = operator("MAX_POOL_2D", [x], shape, ("Pool2DOptions", pool))
        x = affine(x, name, shape)
    filters = constant("depthwise.weight", w["depthwise.weight"].transpose(1, 2, 0)[None])
    inputs = [x, filters, constant("depthwise.bias", w["depthwise.bias"])]
    options = side | {"padding": valid, "depthMultiplier": 1}
    x = operator("DEPTHWISE_CONV_2D", inputs, [batch, 1, 1, 128], ("DepthwiseConv2DOptions", options))
    x = affine(prelu(x, "depthwise", [batch, 1, 1, 128]), "depthwise", [batch, 1, 1, 128])
    to = np.array([batch, 128], np.int32)
    for name, size in (("fc1", 256), ("fc2", 64), ("fc3", 10)):
        if name == "fc1":
            x = operator("RESHAPE", [x], [batch, 128], ("ReshapeOptions", {"newShape": to}))
        inputs = [x, constant(f"{name}.weight", w[f"{name}.weight"]), constant(f"{name}.bias", w[f"{name}.bias"])]
        x = operator("FULLY_CONNECTED", inputs, [batch, size], ("FullyConnectedOptions", {}))
        if name != "fc3":
            x = prelu(x, name, [batch, size])
        if name == "fc1":
            x = affine(x, name, [batch, size])
    graph.inputs, graph.outputs = [source], [operator("LOGISTIC", [x], [batch, 10])]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    (folder / f"network-{batch}.tflite").write_bytes(bytes(builder.Output()))


def ncnn():
    from importlib.util import find_spec

    # Its Python face wants torch; the converter is a program of its own beside it.
    pnnx = Path(find_spec("pnnx").origin).with_name("pnnx")
    subprocess.run(
        [pnnx, "network-f32.onnx", "inputshape=[1,3,48,48]", "fp16=0", "ncnnparam=network.ncnn.param", "ncnnbin=network.ncnn.bin"],
        cwd=folder,
        check=True,
        stdout=sys.stderr,
    )


done = {}
for name, make in (("onnx", quantize), ("tflite", lambda: [tflite(n) for n in (1, 4, 16, 64)]), ("ncnn", ncnn)):
    try:
        make()
        done[name] = None
    except Exception as error:
        done[name] = f"{type(error).__name__}: {error}"
print(json.dumps(done))
