"""
Runs models for Coppice on the machine that it was sent to. Requests come through the input as lines
of JSON, which say how many bytes follow them; replies leave through the output in the same form.
It lives as long as its input is open, and leaves nothing behind.
"""

import json
import os
import platform
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import zlib

# Seconds without a word after which the other side is taken for dead; it says something every 15.
SILENCE = 120

requests = queue.Queue()
cancelled = set()
sessions = {}

# The runtime and what it brings along put their files here, too, and tell nobody about the models.
folder = tempfile.mkdtemp(prefix="coppice-")
os.environ["TMPDIR"] = folder
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Libraries may print; what they print must not get between the replies.
replies = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def leave(*_):
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def read_requests(source):
    """In a thread of its own, so that the end of the input and cancellations are seen during runs."""
    try:
        for line in iter(source.readline, b""):
            signal.alarm(SILENCE)
            request = json.loads(line)
            if request["call"] == "cancel":
                cancelled.add(request["id"])
            elif request["call"] != "ping":
                parts = [read_part(source, size) for size in request.get("parts", [])]
                requests.put((request, parts))
    finally:
        leave()


def read_part(source, size):
    """In pieces, because a slow connection may need minutes for a model."""
    pieces = []
    while size > 0:
        piece = source.read(min(size, 1 << 16))
        if not piece:
            leave()
        signal.alarm(SILENCE)
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def reply(message, part=b""):
    line = json.dumps(dict(message, parts=[len(part)] if part else []))
    replies.write(line.encode() + b"\n" + part)
    replies.flush()


def describe(request, parts):
    texts = {}
    for path in request["files"]:
        try:
            with open(path, "rb") as file:
                texts[path] = file.read(1 << 18).decode("utf-8", "replace")
        except OSError:
            texts[path] = None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "platform": sys.platform,
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memoryBytes": memory,
        "load": os.getloadavg()[0],
        "files": texts,
        "runtime": ort.__version__,
    }


def open_session(request, parts):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = request["threads"]
    if request["profile"]:
        options.enable_profiling = True
        options.profile_file_prefix = os.path.join(folder, "profile-%d" % request["session"])
    session = ort.InferenceSession(parts[0], options, providers=["CPUExecutionProvider"])
    feeds = {
        feed["name"]: numpy.frombuffer(data, dtype=feed["type"]).reshape(feed["dims"])
        for feed, data in zip(request["feeds"], parts[1:])
    }
    sessions[request["session"]] = (session, feeds)
    return {}


def time_runs(request, parts):
    session, feeds = sessions[request["session"]]
    wall, cpu = [], []
    for i in range(-request["warmUp"], request["runs"]):
        if request["id"] in cancelled:
            break
        worked, began = time.process_time(), time.perf_counter()
        session.run(None, feeds)
        if i >= 0:
            wall.append(1e3 * (time.perf_counter() - began))
            cpu.append(1e3 * (time.process_time() - worked))
    return {"wallMs": wall, "cpuMs": cpu}


def end_profile(request, parts):
    path = sessions[request["session"]][0].end_profiling()
    with open(path, "rb") as file:
        profile = zlib.compress(file.read())
    os.remove(path)
    return {}, profile


def close(request, parts):
    sessions.pop(request["session"], None)
    return {}


handlers = {
    "describe": describe,
    "open": open_session,
    "time": time_runs,
    "kernels": end_profile,
    "close": close,
}


def serve(request, parts):
    try:
        result = {} if request["id"] in cancelled else handlers[request["call"]](request, parts)
        message, part = result if isinstance(result, tuple) else (result, b"")
        reply({"id": request["id"], "result": message}, part)
    except Exception as error:
        reply({"id": request["id"], "failure": str(error)})
    cancelled.discard(request["id"])


signal.signal(signal.SIGALRM, leave)
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGHUP, leave)
signal.alarm(SILENCE)
try:
    import numpy
    import onnxruntime as ort

    reply({"id": 0, "result": {"interpreter": sys.executable, "version": platform.python_version()}})
except Exception as error:
    reply({"id": 0, "failure": "onnxruntime of %s cannot be loaded: %s" % (sys.executable, error)})
    leave()
threading.Thread(target=read_requests, args=(sys.stdin.buffer,), daemon=True).start()
while True:
    serve(*requests.get())
