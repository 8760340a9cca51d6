"""Simplifies one model with a peer, at the peer's own defaults.

    python simplify.py onnxsim|onnxslim INPUT OUTPUT

Prints one JSON object: the tool, its version, and the seconds that the call took, imports left out.
"""

import json
import sys
import time
from importlib.metadata import version

import onnx


def with_onnxsim(model):
    import onnxsim

    simplified, _ = onnxsim.simplify(model)
    return simplified


def with_onnxslim(model):
    import onnxslim

    return onnxslim.slim(model)


tools = {"onnxsim": with_onnxsim, "onnxslim": with_onnxslim}


def main():
    tool, source, target = sys.argv[1:4]
    model = onnx.load(source)
    start = time.perf_counter()
    result = tools[tool](model)
    seconds = time.perf_counter() - start
    onnx.save(result, target)
    print(json.dumps({"tool": tool, "version": version(tool), "seconds": seconds}))


if __name__ == "__main__":
    main()
