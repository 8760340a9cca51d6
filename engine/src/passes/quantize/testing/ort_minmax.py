"""Scales and zero points that ONNX Runtime's static quantization gives a small model, as a fixture.

    python ort_minmax.py ../shared/models/resnet20-cifar10-folded.onnx \
                         ../shared/data/cifar10-train8k-lossless.npz > ort-minmax.json

Min-max calibration on the first 32 training images, one after the other, scales of weights for each
channel, unsigned activations and signed weights. Needs onnxruntime 1.32.0 and onnx.
"""

import json
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

model_path, data_path = sys.argv[1:]
mean = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
std = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)
pixels = np.load(data_path)["images"][:32].astype(np.float32) / np.float32(255)
samples = ((pixels - mean) / std).astype(np.float32)


class Reader(CalibrationDataReader):
    def __init__(self):
        name = onnx.load(model_path).graph.input[0].name
        self.feeds = iter({name: sample[None]} for sample in samples)

    def get_next(self):
        return next(self.feeds, None)


with tempfile.TemporaryDirectory() as folder:
    output = os.path.join(folder, "quantized.onnx")
    quantize_static(
        model_path,
        output,
        Reader(),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    graph = onnx.load(output).graph

constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
activations, weights = {}, {}
for node in graph.node:
    if node.op_type == "QuantizeLinear":
        scale, zero = (constants[name] for name in node.input[1:])
        activations[node.input[0]] = [float(scale), int(zero)]
    if node.op_type == "DequantizeLinear" and node.input[0] in constants:
        if constants[node.input[0]].dtype == np.int8:
            name = node.input[0].removesuffix("_quantized")
            weights[name] = [float(each) for each in constants[node.input[1]]]
versions = f"onnxruntime {onnxruntime.__version__}"
json.dump({"versions": versions, "activations": activations, "weights": weights}, sys.stdout)
