#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Documentation only: the action plugin of the same name does the work, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_screenings
short_description: Screen patients, and see that each result becomes one note
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Asks for screenings as users do, from the controller, waits until the notes of their results can be read, and prints
    what came of them.
  - With the controls of a test upstream it also injects faults, sets them back afterwards, and counts by the ledger
    how often notes took effect.
  - Fails when a result has no note or more than one, after the figures were printed.
  - The notes stay.
notes:
  - Messages call an option by the variable of C(playbooks/verify.yml), such as C(verify_screenings.count) for O(count).
extends_documentation_fragment:
  - steadyfront.fleet.traffic
  - steadyfront.fleet.traffic.controls
options:
  target:
    description: Where the requests are sent.
    type: dict
    required: true
    suboptions:
      name:
        description: What the target is called in progress and messages.
        type: str
        required: true
      url:
        description: Scheme, host and port, such as C(https://api.example.com).
        type: str
        required: true
      host_header:
        description: The name to ask for in C(Host) and in the TLS handshake, when O(target.url) has another.
        type: str
      baseline:
        description: As in M(steadyfront.fleet.verify_traffic). Means nothing here.
        type: bool
        default: false
  patients:
    description: The numbers of the patients, the lowest and the highest.
    type: str
    default: 1-200
  count:
    description: How many screenings.
    type: int
    default: 100
  concurrency:
    description: How many are under way at a time.
    type: int
    default: 5
  wait_seconds:
    description: How long to wait at most until each result has its note.
    type: int
    default: 180
  seed:
    description: Draws the patient of each.
    type: int
    default: 1
  timeout_seconds:
    description: How long a user waits for an answer.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Screen patients, and read the notes back
  steadyfront.fleet.verify_screenings:
    target: {name: through the front, url: "https://front.example.com"}
    user: "{{ verify_user }}"
    password: "{{ verify_password }}"
    patients: 17-17
    count: 10
"""

RETURN = r"""
figures:
  description: What came of them. Empty in check mode.
  returned: success
  type: dict
  contains:
    screenings: {description: How many were asked for., type: int, returned: success}
    results: {description: How many were answered with a result., type: int, returned: success}
    p50_seconds: {description: How long the user waited., type: float, returned: success}
    notes: {description: How many results have exactly one note., type: int, returned: success}
    missing: {description: How many have none., type: int, returned: success}
    more: {description: How many have more than one., type: int, returned: success}
    effects:
      description: How often notes took effect, by the ledger; V(null) without O(controls_url).
      type: int
      returned: success
"""
