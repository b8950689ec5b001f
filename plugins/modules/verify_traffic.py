#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Documentation only: the action plugin of the same name does the work, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_traffic
short_description: Measure what users see of one HTTP target after another
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Sends the same seeded requests from the controller to every target, one target after another, with progress,
    and prints one table. It shows the success rate, p50 and p99 by class of request and target.
  - With the controls of a test upstream it also injects faults, sets them back afterwards, and shows how many attempts
    reached the upstream and which writes took effect twice. Without them these figures are unknown and shown as such.
  - Fails when what it found is beyond the limits, after the table was printed.
  - Every request has a connection of its own and is sent exactly once. It carries a unique C(X-Request-Id), and an
    C(X-Request-Seed) that is the same for request n at every target.
  - A 2xx or 3xx is a success. A 5xx, a connection that fails and a time-out are failures. A 4xx is neither; it is
    counted apart, and any of them fails the task, except at the baseline. Latencies are of all requests, from the begin
    of the connection to the end of the body. A failure counts with the time that its user waited for it.
notes:
  - Messages call an option by the variable of C(playbooks/verify.yml), such as C(verify_count) for O(count).
extends_documentation_fragment:
  - steadyfront.fleet.traffic
  - steadyfront.fleet.traffic.controls
options:
  targets:
    description: Where the requests are sent, one after another.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the target is called in progress, table and messages, such as C(through the front).
        type: str
        required: true
      url:
        description: Scheme, host and port, such as C(https://api.example.com).
        type: str
        required: true
      host_header:
        description: The name to ask for in C(Host) and in the TLS handshake, when O(targets[].url) has another.
        type: str
      baseline:
        description: The target that the others are compared with. The limits are not applied to it. At most one.
        type: bool
        default: false
  requests:
    description:
      - The traffic. Each entry has O(ignore:method), O(ignore:path) and O(ignore:weight), its share of all requests,
        which is kept exactly. It may have O(ignore:body), which is sent as JSON, and O(ignore:class), its class in the
        retry policy, when the method does not tell it.
      - In the path and in every text of the body C({1-200}) becomes a number from 1 to 200 drawn by O(seed),
        and C({unique}) a text that no other request has (its C(X-Request-Id)).
        A text of the body that is nothing but C({1-200}) becomes a JSON number.
    type: list
    elements: dict
    required: true
  writes:
    description:
      - Whether entries that change something are sent.
      - Otherwise only GET, HEAD, OPTIONS and entries of class V(always), which are declared read-only.
    type: bool
    default: false
  count:
    description: How many requests each target gets.
    type: int
    default: 4000
  concurrency:
    description: How many requests are under way at a time.
    type: int
    default: 50
  seed:
    description: Draws the order of the requests and their numbers.
    type: int
    default: 1
  timeout_seconds:
    description:
      - How long a user waits for an answer.
      - Choose it above the deadline of the front, or attempts may be under way still when the ledger is read.
    type: float
    default: 60
  attempts:
    description: The most attempts of one request that may reach the upstream.
    type: int
  max_safe_failures_percent:
    description: The most requests of the classes V(safe) and V(always) that may fail, of each target but the baseline.
    type: float
  report_path:
    description: A file on the controller for the figures as JSON. It is written before the limits are applied.
    type: path
"""

EXAMPLES = r"""
- name: Measure the front with reads only
  steadyfront.fleet.verify_traffic:
    targets:
      - {name: straight at the API, url: "https://api.example.com", baseline: true}
      - {name: through the front, url: "https://front.example.com"}
    requests:
      - {method: GET, path: "/patients/{1-200}", weight: 90}
      - {method: GET, path: /hospitals, weight: 10}
    user: "{{ verify_user }}"
    password: "{{ verify_password }}"
    max_safe_failures_percent: 0.15
  register: traffic
"""

RETURN = r"""
targets:
  description: The figures of each target, in the order of O(targets). Empty in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - name: through the front
      seconds: 11.42
      requests_per_second: 350.3
      classes:
        safe:
          methods: [GET, PUT]
          requests: 3200
          succeeded: 3198
          failed: 2
          unexpected: 0
          success_percent: 99.9375
          failed_percent: 0.0625
          failures: {"502": 2}
          unexpected_answers: {}
          p50_seconds: 0.118
          p99_seconds: 2.204
      all: {}
      upstream:
        attempts_per_request: 1.09
        most_attempts: 3
        most_attempts_id: verify-0a1b2c3d-1-17
        duplicated_writes: 0
        duplicated_ids: []
        missing: 0
  contains:
    classes:
      description:
        - The figures by class.
        - C(failures) counts them by status, or by C(timeout), C(reset), C(unreachable) and C(broken).
        - C(unexpected_answers) counts the others that are no success, by status.
      type: dict
    all:
      description: The same of all requests.
      type: dict
    upstream:
      description: What the upstream's ledger says; V(null) without O(controls_url).
      type: dict
"""
