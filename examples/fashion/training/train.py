"""Trains FashionNet and writes the example's model and data.

    python train.py DATASET_DIR [--epochs N]

DATASET_DIR holds the four files of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, MIT licence) as they
are published: train-images-idx3-ubyte.gz and so on; Debian has them in `dataset-fashion-mnist`.
Needs torch (1.13 was used) and numpy. Writes ../models/fashion.onnx, ../data/*.npz, result.json.
"""

import argparse
import gzip
import json
import pathlib
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from fashion_net import FashionNet  # noqa: E402

SEED = 20
BATCH = 128
MEAN, STD = 0.2860, 0.3530
CALIBRATION_IMAGES, TEST_IMAGES = 2000, 2000


def read_idx(path: pathlib.Path) -> np.ndarray:
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    dims = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(dims)


def augment(images: torch.Tensor) -> torch.Tensor:
    """Random flips and crops of the image padded by two pixels, one draw for each image."""
    n = len(images)
    flips = torch.rand(n) < 0.5
    images = torch.where(flips[:, None, None, None], images.flip(3), images)
    padded = F.pad(images, (2, 2, 2, 2), value=-MEAN / STD)
    rows = torch.randint(0, 5, (n, 1)) + torch.arange(28)
    columns = torch.randint(0, 5, (n, 1)) + torch.arange(28)
    return padded[torch.arange(n)[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None]


def accuracy(model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        predicted = torch.cat([model(batch).argmax(1) for batch in images.split(500)])
    return (predicted == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()

    torch.manual_seed(SEED)
    np.random.seed(SEED)
    parts = {
        part: (
            read_idx(args.dataset / f"{part}-images-idx3-ubyte.gz")[:, None],
            read_idx(args.dataset / f"{part}-labels-idx1-ubyte.gz").astype(np.int64),
        )
        for part in ("train", "t10k")
    }
    normalized = {
        part: (torch.from_numpy(((x / 255 - MEAN) / STD).astype(np.float32)), torch.from_numpy(y))
        for part, (x, y) in parts.items()
    }
    images, labels = normalized["train"]

    model = FashionNet()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    steps = args.epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=steps)
    started = time.time()
    for epoch in range(args.epochs):
        model.train()
        order = torch.randperm(len(images))
        for step in range(len(images) // BATCH):
            batch = order[step * BATCH : (step + 1) * BATCH]
            loss = F.cross_entropy(model(augment(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(epoch + 1, f"{accuracy(model, *normalized['t10k']):.4f}", f"{time.time() - started:.0f} s", flush=True)

    (ROOT / "models").mkdir(exist_ok=True)
    (ROOT / "data").mkdir(exist_ok=True)
    torch.onnx.export(
        model.eval(),
        torch.zeros(1, 1, 28, 28),
        str(ROOT / "models" / "fashion.onnx"),
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        opset_version=13,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )
    sample = np.random.default_rng(SEED).permutation(len(images))[:CALIBRATION_IMAGES]
    train_x, train_y = parts["train"]
    test_x, test_y = parts["t10k"]
    np.savez_compressed(ROOT / "data" / "fashion-calibration.npz", images=train_x[sample], labels=train_y[sample])
    np.savez_compressed(
        ROOT / "data" / "fashion-test.npz", images=test_x[:TEST_IMAGES], labels=test_y[:TEST_IMAGES]
    )
    test_images, test_labels = normalized["t10k"]
    record = {
        "seed": SEED,
        "epochs": args.epochs,
        "torch": torch.__version__,
        "params": sum(p.numel() for p in model.parameters()),
        "top1_test10000": accuracy(model, test_images, test_labels),
        "top1_first2000": accuracy(model, test_images[:TEST_IMAGES], test_labels[:TEST_IMAGES]),
    }
    (HERE / "result.json").write_text(json.dumps(record, indent=2) + "\n")
    print(record)


if __name__ == "__main__":
    main()
