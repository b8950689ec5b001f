"""How many requests a second HOSP's simulator answers on one core, so that it is not what a measurement measures.

Needs wrk, taskset and two cores: `.venv/bin/python benchmarks/hosp.py`. 70 % GET, 10 % PUT, 20 % POST, every request
with an id and a seed, neither faults nor latency. Ends with 1 below 2 000 requests a second.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

REQUIRED = 2000
SECONDS = 8
SOURCE = Path(__file__).parents[1] / "lab" / "hosp"

TRAFFIC = """
local n = 0
local headers = {Authorization = "Basic bnVyc2U6bnVyc2U=", ["Content-Type"] = "application/json"}
local note = '{"title":"Benchmark","body":"All well","patient_id":1,"staff_id":1}'
function request()
  n = n + 1
  headers["X-Request-Id"], headers["X-Request-Seed"] = "benchmark-" .. n, tostring(n)
  local kind, patient = n % 10, "/patients/" .. n % 200 + 1
  if kind < 7 then return wrk.format("GET", patient, headers) end
  if kind < 8 then return wrk.format("PUT", patient, headers, '{"name":"Patient ' .. n .. '"}') end
  return wrk.format("POST", "/notes", headers, note)
end
"""


def measure(folder: Path) -> tuple[float, str]:
    """Requests a second, and wrk's own report."""
    (folder / "traffic.lua").write_text(TRAFFIC)
    command = ["taskset", "-c", "0", sys.executable, "-m", "hosp", "--database", str(folder / "hosp.sqlite")]
    command += ["--address", "127.0.0.1", "--api-port", "0", "--control-port", "0"]
    with subprocess.Popen(command, cwd=SOURCE, stderr=subprocess.PIPE, text=True) as hosp:
        assert hosp.stderr is not None
        try:
            api, control = re.findall(r"port (\d+)", hosp.stderr.readline())
            httpx.put(f"http://127.0.0.1:{control}/faults", json={"rate": 0, "latency_ms": [0, 0]}).raise_for_status()
            load = ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{SECONDS}", "-s", str(folder / "traffic.lua")]
            report = subprocess.run(
                [*load, f"http://127.0.0.1:{api}"], check=True, capture_output=True, text=True
            ).stdout
        finally:
            hosp.terminate()
    rate = re.search(r"Requests/sec: +([\d.]+)", report)
    assert rate is not None
    assert "Non-2xx" not in report, report
    return float(rate[1]), report


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        requests_per_second, text = measure(Path(temporary))
    print(text, f"{requests_per_second / REQUIRED:.1f} times the {REQUIRED} that are required", sep="\n")
    sys.exit(requests_per_second < REQUIRED)
