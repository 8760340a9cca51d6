"""Quantizes one ONNX model with one of the peers, on samples that are given as an array.

    python quantize.py --tool onnxruntime --method minmax [--per-channel] [--calibrate-only]
                       --model model.onnx --samples samples.npy --input NAME [--output out.onnx]
                       [--memory 10]

Prints one JSON object: seconds, peak memory of this process in MiB (so every case needs a process of
its own), versions, or the problem that the peer had. `--memory` limits the process, in GiB: some peers
keep every activation of every sample.

Tools and methods, each with the settings that its documentation recommends for x86 CPUs (unsigned
activations, signed weights, the float model brought into its own optimized form first):

    onnxruntime   minmax, entropy, percentile
    nncf          ptq: the performance preset, with fast bias correction
    aimet         minmax, tf-enhanced, cle+minmax (cross-layer equalization first)
"""

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from importlib.metadata import version

import numpy as np
import onnx


def main():
    args = arguments()
    if args.memory:
        limit = int(args.memory * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    samples = np.load(args.samples, mmap_mode="r")
    result = {}
    try:
        result.update(tools[args.tool](args, samples))
    except MemoryError:
        result["problem"] = f"needs more than {args.memory:g} GiB"
    except Exception as error:  # Whatever a peer throws is a result of the comparison.
        text = str(error).strip().splitlines() or [""]
        is_memory = "bad_alloc" in str(error) or "allocate memory" in str(error)
        result["problem"] = (
            f"needs more than {args.memory:g} GiB"
            if is_memory
            else f"{type(error).__name__}: {text[0][:200]}"
        )
    result["peakMiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result), flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", choices=sorted(tools), required=True)
    parser.add_argument("--method", required=True)
    parser.add_argument("--per-channel", action="store_true")
    parser.add_argument("--calibrate-only", action="store_true")
    parser.add_argument("--model", required=True)
    parser.add_argument("--samples", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output")
    parser.add_argument("--memory", type=float, default=0)
    return parser.parse_args()


def with_onnxruntime(args, samples):
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        create_calibrator,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.next = 0

        def get_next(self):
            if self.next == len(samples):
                return None
            self.next += 1
            return feed(args, samples, self.next - 1)

    methods = {
        "minmax": CalibrationMethod.MinMax,
        "entropy": CalibrationMethod.Entropy,
        "percentile": CalibrationMethod.Percentile,
    }
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        prepared = os.path.join(folder, "prepared.onnx")
        try:
            quant_pre_process(args.model, prepared)
        except Exception:
            quant_pre_process(args.model, prepared, skip_symbolic_shape=True)
        if args.calibrate_only:
            start = time.perf_counter()
            calibrator = create_calibrator(
                prepared,
                None,
                augmented_model_path=os.path.join(folder, "augmented.onnx"),
                calibrate_method=methods[args.method],
            )
            calibrator.collect_data(Reader())
            calibrator.compute_data()
        else:
            quantize_static(
                prepared,
                args.output,
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=args.per_channel,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=methods[args.method],
            )
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "versions": versions("onnxruntime")}


def with_nncf(args, samples):
    import nncf

    model = with_opset(onnx.load(args.model), 13)
    start = time.perf_counter()
    dataset = nncf.Dataset(range(len(samples)), lambda i: feed(args, samples, i))
    quantized = nncf.quantize(model, dataset, subset_size=len(samples))
    seconds = time.perf_counter() - start
    onnx.save(quantized, args.output)
    return {"seconds": seconds, "versions": versions("nncf")}


def with_aimet(args, samples):
    import aimet_onnx
    from aimet_onnx.cross_layer_equalization import equalize_model

    model = with_opset(onnx.load(args.model), 13)
    start = time.perf_counter()
    steps, _, scheme = args.method.rpartition("+")
    if steps == "cle":
        equalize_model(model)
    folder = os.path.join(os.path.dirname(aimet_onnx.__file__), "common", "quantsim_config")
    suffix = "_per_channel" if args.per_channel else ""
    sim = aimet_onnx.QuantizationSimModel(
        model,
        param_type=aimet_onnx.int8,
        activation_type=aimet_onnx.int8,
        quant_scheme={"minmax": "min_max", "tf-enhanced": "tf_enhanced"}[scheme],
        config_file=os.path.join(folder, f"default_config{suffix}.json"),
        providers=["CPUExecutionProvider"],
    )
    sim.compute_encodings([feed(args, samples, i) for i in range(len(samples))])
    quantized = sim.to_onnx_qdq()
    seconds = time.perf_counter() - start
    onnx.save(quantized, args.output)
    return {"seconds": seconds, "versions": versions("aimet-onnx")}


tools = {"onnxruntime": with_onnxruntime, "nncf": with_nncf, "aimet": with_aimet}


def feed(args, samples, index):
    return {args.input: np.ascontiguousarray(samples[index : index + 1])}


def with_opset(model, least):
    """Per-channel scales came with opset 13."""
    opset = next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    return onnx.version_converter.convert_version(model, least) if opset < least else model


def versions(package):
    runtime = "" if package == "onnxruntime" else f", onnxruntime {version('onnxruntime')}"
    return f"{package} {version(package)}{runtime}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
