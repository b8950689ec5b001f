"""What the function `screening` adds to a screening, and what it weighs, by AWS's own runtime client on one core.

`.venv/bin/python benchmarks/screening.py [screenings]`; needs taskset, two cores and Python 3.13. HOSP's simulator
answers without latency, and a server in SQS's place at once: what remains is the function's. Ends with 1 above a limit.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from base64 import b64encode
from collections.abc import Iterator
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

CHECKOUT = Path(__file__).parents[1]
FUNCTION = CHECKOUT / "lambdas" / "screening"
EVENT = json.loads((CHECKOUT / "tests/unit/lambdas/screening/events/function_url.json").read_text())
SECRET = EVENT["headers"]["x-origin-secret"]
LIMITS = {"p50 of the overhead": 20.0, "CPU of the import": 250.0, "package": 3.0}

# One core for the function, the other for what it asks.
FUNCTIONS_CORE, OTHERS_CORE = ["taskset", "-c", "0"], ["taskset", "-c", "1"]


class Runtime:
    """Lambda's runtime API: gives events to the function, one after another, and takes its answers."""

    def __init__(self) -> None:
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def invoke(self, event: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Milliseconds from the event to the answer, and the answer."""
        began = time.perf_counter()
        self.events.put(event)
        answer = self.answers.get(timeout=30)
        return (time.perf_counter() - began) * 1000, answer


def handler(runtime: Runtime) -> type[BaseHTTPRequestHandler]:
    """Both servers in one: the runtime API, and SQS for everything else."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: else each waits for the other side's acknowledgement.
        wbufsize = -1
        number = 0

        def log_message(self, format: str, *values: object) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            event = runtime.events.get()
            Handler.number += 1
            self.send_response(200)
            # AWS's client does not survive without any of them.
            self.send_header("Lambda-Runtime-Aws-Request-Id", f"call-{Handler.number}")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:screening")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-69258d2f-0123456789abcdef01234567;Sampled=0")
            self.send_header("Content-Type", "application/json")
            self._body(event)

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "/runtime/" in self.path:
                self.send_response(202)
                self._body({})
                runtime.answers.put(given)
            else:
                self.send_response(200)
                digest = md5(given["MessageBody"].encode(), usedforsecurity=False).hexdigest()
                self._body({"MessageId": "1", "MD5OfMessageBody": digest})

        def _body(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """The function is killed while it waits for another event."""


@contextlib.contextmanager
def hosp(folder: Path) -> Iterator[int]:
    """The simulator's port; it neither fails nor waits."""
    command = [*OTHERS_CORE, sys.executable, "-m", "hosp", "--database", str(folder / "hosp.sqlite")]
    command += ["--address", "127.0.0.1", "--api-port", "0", "--control-port", "0"]
    with subprocess.Popen(command, cwd=CHECKOUT / "lab" / "hosp", stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            api, control = (int(port) for port in re.findall(r"port (\d+)", process.stderr.readline()))
            connection = http.client.HTTPConnection("127.0.0.1", control)
            connection.request("PUT", "/faults", json.dumps({"rate": 0, "latency_ms": [0, 0]}))
            assert connection.getresponse().status == 200
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield api
        finally:
            process.terminate()


def python(folder: Path) -> str:
    """An environment with the runtime's own packages; the function brings its others along."""
    venv.create(folder, with_pip=True)
    interpreter = str(folder / "bin" / "python")
    install = [interpreter, "-m", "pip", "install", "--quiet", "--require-hashes", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", CHECKOUT / "benchmarks" / "screening.lock"], check=True)
    return interpreter


def package(interpreter: str, folder: Path) -> float:
    """The function with what it brings along and their bytecode; how much it is as a zip (MB)."""
    install = [interpreter, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--target", str(folder)]
    subprocess.run([*install, "-r", FUNCTION / "requirements.lock"], check=True)
    subprocess.run(["cp", "-r", FUNCTION / "screening", folder], check=True)
    compile_all = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run([interpreter, *compile_all], check=True)
    archive = folder.with_suffix(".zip")
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for path in sorted(folder.rglob("*")):
            zipped.write(path, path.relative_to(folder))
    return archive.stat().st_size / 1e6


def cpu_of_import(interpreter: str, folder: Path, modules: str) -> float:
    """CPU milliseconds beyond the interpreter's own start; the median of nine."""
    code = f"import time; began = time.process_time(); import {modules}; print(time.process_time() - began)"
    run = [*FUNCTIONS_CORE, interpreter, "-c", code]
    times = [float(subprocess.check_output(run, cwd=folder, text=True)) for _ in range(9)]
    return statistics.median(times) * 1000


def straight(port: int, body: bytes) -> float:
    """Milliseconds of a screening without the function."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": EVENT["headers"]["authorization"], "Content-Type": "application/json"}
    connection.request("POST", EVENT["rawPath"], body, headers)
    assert connection.getresponse().read()
    connection.close()
    return (time.perf_counter() - began) * 1000


def overheads(interpreter: str, folder: Path, port: int, screenings: int) -> list[float]:
    """Milliseconds that each screening took beyond one without the function, made just before it; warm."""
    runtime = Runtime()
    with Server(("127.0.0.1", 0), handler(runtime)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        environment = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "LAMBDA_TASK_ROOT": str(folder),
            "HOSP_URL": f"http://127.0.0.1:{port}",
            "HOSP_TIMEOUT_SECONDS": "10",
            "ORIGIN_SECRETS": SECRET,
            "QUEUE_URL": f"http://{address}/queue",
            "BUCKET": "none",
        }
        command = [*FUNCTIONS_CORE, interpreter, "-m", "awslambdaric", "screening.handler.handle"]
        body = json.dumps({"images": ["x" * 1000]}).encode()
        event = {**EVENT, "body": b64encode(body).decode()}
        event["headers"] = {name: value for name, value in EVENT["headers"].items() if name != "content-length"}
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                found = []
                for _ in range(screenings + 20):
                    alone = straight(port, body)
                    took, answer = runtime.invoke(event)
                    assert answer["statusCode"] == 200, answer
                    found.append(took - alone)
            finally:
                process.kill()
        server.shutdown()
    return found[20:]


def main() -> int:
    screenings = int(sys.argv[1]) if sys.argv[1:] else 500
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        interpreter, function = python(folder / "python"), folder / "function"
        size = package(interpreter, function)
        init = cpu_of_import(interpreter, function, "screening.handler")
        first = cpu_of_import(interpreter, function, "screening.hosp, screening.keeper, aws_lambda_powertools.logging")
        with hosp(folder) as port:
            os.sched_setaffinity(0, {1})
            took = sorted(overheads(interpreter, function, port, screenings))
    middle, slow = statistics.median(took), took[-screenings // 100]
    print(f"overhead of {screenings} warm screenings: p50 {middle:.1f} ms, p99 {slow:.1f} ms")
    print(f"import: {init:.0f} ms of CPU when the function starts, {first:.0f} ms more with the first request")
    print(f"package with bytecode: {size:.2f} MB")
    figures = {"p50 of the overhead": middle, "CPU of the import": init + first, "package": size}
    return int(any(figures[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
