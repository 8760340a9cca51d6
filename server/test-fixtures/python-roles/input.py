"""What is done with a model: loaded, written, or only mentioned."""

import argparse
import shutil

import onnx
import onnxruntime as ort
import torch

EXPORTED = "exported.onnx"
torch.onnx.export(model, sample, EXPORTED, opset_version=17)
torch.onnx.export(model, sample, "direct-export.onnx")
onnx.save(graph, "saved.onnx")
shutil.copy("from.onnx", "to.onnx")

session = ort.InferenceSession("loaded.onnx")
model_path = "path.onnx"
output_path = "written.onnx"
title = "title.onnx"
print("printed.onnx")
settings = {"model": "keyed.onnx", "output": "keyed-output.onnx"}

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="default-model.onnx")
parser.add_argument("--output", default="default-output.onnx")


def run(model="parameter.onnx", out="parameter-out.onnx"):
    return ort.InferenceSession(model), out


LOADED_LATER = "later.onnx"


def later():
    return ort.InferenceSession(LOADED_LATER)
