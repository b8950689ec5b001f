#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Documentation only: the action plugin of the same name does the work, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: late_writes
short_description: Measure how long after a failed answer an API still writes
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Sends real writes straight to an API from the controller, each once, and watches the list of each one that failed.
  - Says how many of those had been written all the same, how many were written later, and how long after the failed
    answer the latest was seen. The option C(max_write_seconds) of a proxy's route has to be well above that.
  - The first write is sent alone, and fails the task when it is answered 3xx or 4xx.
  - The API must fail by itself; nothing here makes it. The records that were made stay.
notes:
  - Messages call an option by the variable of C(playbooks/late_writes.yml), such as C(late_writes_count) for O(count).
attributes:
  check_mode:
    description: Sends nothing.
    support: full
extends_documentation_fragment:
  - steadyfront.fleet.traffic
options:
  url:
    description: The API's own address, past any proxy that would try again.
    type: str
    required: true
  path:
    description: Where the writes are POSTed, such as C(/notes).
    type: str
    required: true
  body:
    description:
      - What each write carries, as JSON. C({unique}) becomes a text that no other write has, and one field must be
        just that; C({1-200}) becomes a number from 1 to 200.
    type: dict
    required: true
  list:
    description:
      - The list in which a write would be, such as C(/notes?patient_id={patient_id}); C({field}) is what O(body) has.
      - When it comes in pages, newest first, the first page must be long enough to show it.
    type: str
    required: true
  count:
    description: How many writes are sent. Some hundred failures say something, a dozen does not.
    type: int
    default: 500
  concurrency:
    description: How many writes are under way at a time.
    type: int
    default: 5
  seed:
    description: Draws the numbers.
    type: int
    default: 1
  timeout_seconds:
    description: How long a write waits for its answer; the proxies' O(ignore:try_timeout_seconds).
    type: float
    default: 25
  watch_seconds:
    description: How long a failed write is watched for.
    type: float
    default: 120
  every_seconds:
    description: The time between two readings of a list, and so what the figure may be too large by.
    type: float
    default: 0.5
  report_path:
    description: A file on the controller for the figures as JSON.
    type: path
"""

EXAMPLES = r"""
- name: See how late the API writes
  steadyfront.fleet.late_writes:
    url: https://api.example.com
    path: /notes
    body: {title: Measurement, body: "{unique}", patient_id: 1, staff_id: 1}
    list: /notes?patient_id={patient_id}
    user: "{{ late_writes_user }}"
    password: "{{ late_writes_password }}"
"""

RETURN = r"""
sent:
  description: How many writes were sent.
  returned: not in check mode
  type: int
  sample: 500
refused:
  description: How many of them were answered 3xx or 4xx, which says nothing about late writes.
  returned: not in check mode
  type: int
  sample: 0
failures:
  description: How many were answered 5xx, or not at all.
  returned: not in check mode
  type: int
  sample: 24
written_at_once:
  description: How many of those the first look at their list showed.
  returned: not in check mode
  type: int
  sample: 11
written_late:
  description: How many a later look showed.
  returned: not in check mode
  type: int
  sample: 3
never_seen:
  description: How many no look showed.
  returned: not in check mode
  type: int
  sample: 10
not_read:
  description: How many had no list that could be read.
  returned: not in check mode
  type: int
  sample: 0
latest_seconds:
  description: How long after its failed answer the latest was first seen; null when none was late.
  returned: not in check mode
  type: float
  sample: 4.51
watched_seconds:
  description: How long each was watched for.
  returned: not in check mode
  type: float
  sample: 120.0
"""
