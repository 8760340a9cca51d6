"""Every way of spelling the path of a model, and some that must stay silent."""

import os
from os.path import dirname, join
from pathlib import Path

import onnx
import onnxruntime as ort

ROOT = Path(__file__).resolve().parent
MODELS = ROOT / "models"
NAME = "net.onnx"
STEM: str = "deep"
PLAIN = "models/plain.onnx"
SIZE = 224


class Config:
    weights = "class-level.onnx"
    folder = MODELS

    def load(self):
        return ort.InferenceSession(str(self.folder / self.weights))


plain = ort.InferenceSession("models/direct.onnx", providers=["CPUExecutionProvider"])
joined = ort.InferenceSession(os.path.join(os.path.dirname(__file__), "models", "joined.onnx"))
short = onnx.load(join(dirname(__file__), "short.onnx"))
slashed = ort.InferenceSession(MODELS / "slashed.onnx")
constant = ort.InferenceSession(str(MODELS / NAME))
formatted = ort.InferenceSession(f"{MODELS}/{STEM}.onnx")
added = ort.InferenceSession(str(ROOT) + "/added" + ".onnx")
parents = ort.InferenceSession(Path(__file__).parents[1] / "up.onnx")
method = ort.InferenceSession(MODELS.joinpath("sub", "method.onnx").as_posix())
renamed = ort.InferenceSession((MODELS / "other.bin").with_name("renamed.onnx"))
raw = ort.InferenceSession(r"models\raw.onnx")
continued = ort.InferenceSession("models/" "continued.onnx")
conditional = ort.InferenceSession("a.onnx" if SIZE else "b.onnx")


def local(folder: Path, choice: str):
    path = "local.onnx"
    inner = MODELS / path
    unknown = ort.InferenceSession(folder / "unknown-folder.onnx")
    unfolded = ort.InferenceSession(f"models/{choice}.onnx")
    return ort.InferenceSession(inner), unknown, unfolded


for name in ["one.onnx", "two.onnx"]:
    ort.InferenceSession(str(MODELS / name))

twice = "first.onnx"
twice = "second.onnx"
session = ort.InferenceSession(MODELS / twice)

# "comment.onnx" says nothing
remote = ort.InferenceSession("https://example.com/remote.onnx")
pattern = MODELS.glob("*.onnx")
is_model = NAME.endswith(".onnx")
external = "models/net.onnx.data"
data = b"bytes.onnx"
