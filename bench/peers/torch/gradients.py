"""Writes what engine/src/train/gradients-of-networks.test.ts compares with: for each parameter of each
network the gradient of the mean cross-entropy, projected on random directions, in double precision,
and how far PyTorch's own single precision is from that.

    python gradients.py > ../../../engine/src/train/testing/torch-gradients.json

A gradient g of n elements is projected on r_j = hashed("NAME j", n), j = 0 … 7. The error of a
gradient is the length of what its projections differ by, relative to the length of the projections,
but at least to a thousandth of the longest of the network: some gradients are 0 but for rounding.
"""

import json
import sys

import torch
from torch.nn import functional as F

from networks import build, hashed, sample

BATCH = 16
DIRECTIONS = 8


def projections(name, gradient):
    flat = gradient.detach().double().flatten()
    return [
        float(torch.dot(flat, torch.from_numpy(hashed(f"{name} {j}", flat.numel()))))
        for j in range(DIRECTIONS)
    ]


def gradients(name, dtype):
    network = build(name).train().to(dtype)
    x, classes = sample(network, BATCH)
    x = x.to(dtype) if x.is_floating_point() else x
    loss = F.cross_entropy(network(x), classes)
    loss.backward()
    found = {key: projections(key, value.grad) for key, value in network.named_parameters()}
    return float(loss), found


def length(values):
    return sum(value**2 for value in values) ** 0.5


def error(actual, expected, longest):
    difference = length([a - b for a, b in zip(actual, expected)])
    return difference / max(length(expected), longest / 1000)


def main():
    result = {"torch": torch.__version__, "batch": BATCH, "directions": DIRECTIONS, "networks": {}}
    for name in ["resnet20", "smallMobilenet", "smallTransformer"]:
        loss, exact = gradients(name, torch.float64)
        _, single = gradients(name, torch.float32)
        longest = max(length(values) for values in exact.values())
        result["networks"][name] = {
            "loss": loss,
            "gradients": {
                key: {
                    "exact": [float(f"{value:.9g}") for value in values],
                    "error": float(f"{error(single[key], values, longest):.3g}"),
                }
                for key, values in exact.items()
            },
        }
        errors = sorted(each["error"] for each in result["networks"][name]["gradients"].values())
        print(name, loss, errors[len(errors) // 2], errors[-1], file=sys.stderr)
    json.dump(result, sys.stdout)


main()
