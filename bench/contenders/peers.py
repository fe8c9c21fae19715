"""OpenVINO, ncnn and XNNPACK (in LiteRT), each by its Python package: the protocol of hosts/child.ts.

One thread, one stream, latency mode. The input lies ready in the runtime's own tensor; what is timed is the call that infers.
"""

import json
import sys
import time

began = time.perf_counter()
import numpy as np

arguments = json.loads(sys.argv[1])
name, precision, models = (arguments[key] for key in ("contender", "precision", "models"))
crops = np.fromfile(f"{models}/crops.bin", np.uint8).reshape(-1, 48, 48, 3)


def nchw(count):
    return np.ascontiguousarray(crops[:count].transpose(0, 3, 1, 2).astype(np.float32))


def openvino():
    import openvino as ov

    loaded = time.perf_counter()
    core = ov.Core()
    source = "int8" if precision == "int8" else "f32"

    def prepare(count):
        model = core.read_model(f"{models}/network-{source}.onnx")
        model.reshape([count, 3, 48, 48])
        options = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}
        # Without the hint it computes in bfloat16 where the CPU has the instructions.
        options["INFERENCE_PRECISION_HINT"] = "bf16" if precision == "bf16" else "f32"
        request = core.compile_model(model, "CPU", options).create_infer_request()
        request.set_input_tensor(ov.Tensor(nchw(count)))
        return request.infer, lambda: request.get_output_tensor().data

    return ov.__version__.split("-")[0], loaded, prepare


def ncnn():
    import ncnn

    loaded = time.perf_counter()
    net = ncnn.Net()
    net.opt.num_threads = 1
    # Its half-precision shortcuts off: f32 against f32.
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
        if hasattr(net.opt, f"use_{option}"):
            setattr(net.opt, f"use_{option}", False)
    assert net.load_param(f"{models}/network.ncnn.param") == 0 and net.load_model(f"{models}/network.ncnn.bin") == 0

    def prepare(count):  # it has no batches: one face after the other
        inputs = [ncnn.Mat(face).clone() for face in nchw(count)]
        results = []

        def run():
            results.clear()
            for face in inputs:
                extractor = net.create_extractor()
                extractor.input("in0", face)
                results.append(extractor.extract("out0")[1])

        return run, lambda: np.array([np.array(result).ravel() for result in results])

    return ncnn.__version__, loaded, prepare


def xnnpack():
    from importlib.metadata import version

    from ai_edge_litert.interpreter import Interpreter

    loaded = time.perf_counter()

    def prepare(count):
        interpreter = Interpreter(f"{models}/network-{count}.tflite", num_threads=1)
        interpreter.allocate_tensors()
        index = interpreter.get_input_details()[0]["index"]
        output = interpreter.get_output_details()[0]["index"]
        interpreter.set_tensor(index, crops[:count].astype(np.float32))
        return interpreter.invoke, lambda: interpreter.get_tensor(output)

    return f"ai-edge-litert {version('ai-edge-litert')}", loaded, prepare


peer_version, loaded, prepare = {"openvino": openvino, "ncnn": ncnn, "xnnpack": xnnpack}[name]()
calls = {}


def call(count):
    if count not in calls:
        calls[count] = prepare(count)
    return calls[count]


run, _ = call(1)
created = time.perf_counter()
run()
first = time.perf_counter()


def say(value):
    print(json.dumps(value), flush=True)


say(
    {
        "version": peer_version,
        "engine": f"Python {sys.version.split()[0]}",
        "start": {"load": 1e3 * (loaded - began), "create": 1e3 * (created - loaded), "first": 1e3 * (first - created)},
    }
)
for line in sys.stdin:
    command = json.loads(line)
    run, read = call(command["count"])
    if command["op"] == "answers":
        run()
        say([float(value) for value in np.asarray(read()).ravel()])
        continue
    seconds = command["ms"] / 1e3
    until = time.perf_counter() + seconds / 4
    while time.perf_counter() < until:
        run()
    samples = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(samples) < 4:
        begin = time.perf_counter_ns()
        run()
        samples.append((time.perf_counter_ns() - begin) / 1e3)
    say(samples)
