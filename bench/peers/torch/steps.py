"""PyTorch's side of bench/train/steps.ts: trains a network step by step, one step for each line that
comes in, and answers each with a line of JSON: loss, seconds by the clock and of the processor.

    python steps.py NETWORK BATCH THREADS
"""

import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

from networks import build, sample


def main():
    name, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    network = build(name).train()
    x, classes = sample(network, batch)
    decayed = [p for p in network.parameters() if p.squeeze().ndim > 1]
    others = [p for p in network.parameters() if p.squeeze().ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 1e-4}, {"params": others, "weight_decay": 0}],
        lr=0.05,
        momentum=0.9,
    )
    versions = f"PyTorch {torch.__version__}"
    print(json.dumps({"versions": versions, "parameters": count(network)}), flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(network(x), classes)
        loss.backward()
        optimizer.step()
        result = {"loss": loss.item()}
        result["wallMs"] = (time.perf_counter() - start) * 1000
        result["cpuMs"] = (time.process_time() - cpu) * 1000
        result["peakMiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result), flush=True)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


main()
