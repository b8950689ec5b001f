"""Users reach the fleet by HTTPS on its own domain, and nobody gets round the front."""

from __future__ import annotations

import json
import secrets
import subprocess

from running_lab import CA, CHECKOUT, CLOUD, DOMAIN, OLD_DOMAIN, container, podman, wait_until_up

ADDRESSES = [
    word
    for name in (DOMAIN, OLD_DOMAIN)
    for port in (80, 443, 8443)
    for word in ("--resolve", f"{name}:{port}:{CLOUD}")
]
AS_A_NURSE = ["curl", "--silent", "--show-error", "--user", "nurse:nurse", "--cacert", CA, *ADDRESSES]


def curl(url: str, *options: str) -> str:
    """As a user types it, but for the address, which no DNS knows."""
    return subprocess.run([*AS_A_NURSE, *options, url], capture_output=True, text=True, check=True).stdout


def status(url: str, *options: str) -> str:
    return curl(url, "--output", "/dev/null", "--write-out", "%{http_code}", *options)


def test_the_front_is_opened_by_https():
    assert json.loads(curl(f"https://{DOMAIN}/patients/1"))["id"] == 1
    assert curl(f"https://{DOMAIN}/patients/1", "--output", "/dev/null", "--write-out", "%{http_version}") == "2"


def test_who_does_not_trust_the_labs_ca_does_not_trust_the_front():
    distrusting = subprocess.run(
        ["curl", "--silent", *ADDRESSES, f"https://{DOMAIN}/"], capture_output=True, check=False
    )
    assert distrusting.returncode == 60


def test_plain_http_is_refused_on_the_new_domain_and_served_on_the_old_one():
    assert status(f"http://{DOMAIN}/patients/1") == "403"
    assert status(f"http://{OLD_DOMAIN}/patients/1") == "200"
    assert status(f"https://{OLD_DOMAIN}/patients/1") == "200"


def test_who_goes_round_the_edge_is_refused():
    # The balancer's certificate is for this name as well.
    assert status(f"https://{DOMAIN}:8443/patients/1") == "403"


def test_a_secret_that_a_user_makes_up_does_not_reach_the_proxies():
    assert status(f"https://{DOMAIN}/patients/1", "--header", "X-Origin-Secret: " + "x" * 43) == "200"


def on_proxy1(*commands: str) -> str:
    return podman("exec", "--workdir", "/etc/ssl/fleet", container("proxy1"), "sh", "-c", " && ".join(commands))


def test_a_proxy_with_a_certificate_of_somebody_else_gets_no_request():
    """The secret would be shown to whoever has a proxy's address."""
    openssl = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -addext subjectAltName=DNS:hosp.example.test"
    rogue = f"{openssl} -keyout live/privkey.pem -out live/fullchain.pem"
    # Restarted, NGINX knows none of the balancer's TLS sessions: another host would not either.
    on_proxy1("cp -r live/ good", rogue, "systemctl restart nginx")
    run = f"rogue-{secrets.token_hex(4)}"
    try:
        answers = [status(f"https://{DOMAIN}/patients/1", "--header", f"X-Request-Id: {run}-{n}") for n in range(20)]
        seen = on_proxy1(f"grep -c {run} /var/log/nginx/access.log || true")
    finally:
        on_proxy1("cp good/* live/", "rm -r good", "systemctl restart nginx")
        wait_until_up("proxy1")
    assert answers == ["200"] * 20
    assert seen.strip() == "0"


def test_mozillas_intermediate_guideline_is_kept_by_edge_and_balancer(tmp_path):
    """All of it but the trust in the certificate, which comes from the lab's own CA."""
    sslyze = subprocess.run([CHECKOUT / "setup" / "tool", "sslyze"], capture_output=True, text=True, check=True)
    command = [sslyze.stdout.strip(), "--mozilla_config=intermediate", f"{CLOUD}:443", f"{CLOUD}:8443"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    verdict = result.stdout.partition("COMPLIANCE AGAINST")[2]
    complaints = [line.strip() for line in verdict.splitlines() if line.strip().startswith("*")]
    assert [line.split(":")[0] for line in complaints] == ["* certificate_path_validation"] * 2, result.stdout
