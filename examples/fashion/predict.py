"""Classifies the first test images with ONNX Runtime."""

from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession

MODELS = Path(__file__).parent / "models"
CLASSES = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]

session = InferenceSession(str(MODELS / "fashion.onnx"))

data = np.load(Path(__file__).parent / "data" / "fashion-test.npz")
images = (data["images"][:8].astype(np.float32) / 255 - 0.286) / 0.353
(logits,) = session.run(None, {"image": images})
for index, label in zip(logits.argmax(1), data["labels"]):
    print(f"{CLASSES[index]:10} (true: {CLASSES[label]})")
