#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Files of a host with their contents, several in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: text_files
short_description: Write several text files of a host in one task
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Writes files one after another, each by one rename, so that a reader has the old text or the new one. Folders that
    are missing are created with the mode 0755.
  - One task instead of one for each file saves a start of Python on the host for each.
options:
  files:
    description: The files, in the order in which they are written.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The full path.
        type: path
        required: true
      content:
        description: Its text.
        type: str
      secret_content:
        description: Its text, where that must never be shown; instead of O(files[].content).
        type: str
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0644"
      owner:
        description: The name of its owner. A new file belongs to the user of the task, another keeps its owner.
        type: str
      group:
        description: The name of its group.
        type: str
      validate:
        description:
          - A command that accepts or refuses the new text; C(%s) is the path of a file that has it. When it fails, the
            file stays as it is and no later one is written. A check does not run it.
        type: str
      state:
        description: With V(absent), there is no such file.
        type: str
        choices: [present, absent]
        default: present
attributes:
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows each file before and after, but for secret ones.
    support: full
"""

EXAMPLES = r"""
- name: Configure the web server
  steadyfront.fleet.text_files:
    files:
      - path: /etc/nginx/secrets.conf
        secret_content: "{{ lookup('ansible.builtin.template', 'secrets.conf.j2') }}"
        mode: "0600"
      - path: /etc/nginx/nginx.conf
        content: "{{ lookup('ansible.builtin.template', 'nginx.conf.j2') }}"
        validate: nginx -t -q -c %s
"""

RETURN = r"""
changed_paths:
  description: The paths of the files that were changed, or in check mode would be.
  returned: always
  type: list
  elements: str
"""

import grp
import os
import pwd
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

NOT_SHOWN = "(not shown)\n"
ANOTHER_NOT_SHOWN = "(not shown, another one)\n"


@dataclass(frozen=True)
class State:
    """A file as it is or has to be; ``text`` is None where there is none. ``owner`` and ``group`` are names."""

    text: bytes | None
    mode: int = 0
    owner: str = ""
    group: str = ""

    def shown(self, instead: str | None) -> str:
        """As a diff has it; ``instead`` of a secret text."""
        if self.text is None:
            return ""
        text = self.text.decode(errors="replace") if instead is None else instead
        return f"{self.mode:04o} {self.owner}:{self.group}\n{text}"


def current_state(path: str) -> State:
    try:
        with Path(path).open("rb") as file:
            found, text = os.fstat(file.fileno()), file.read()
    except FileNotFoundError:
        return State(None)
    return State(text, found.st_mode & 0o7777, user_name(found.st_uid), group_name(found.st_gid))


def wanted_state(file: dict[str, Any], current: State) -> State:
    if file["state"] == "absent":
        return State(None)
    text = file["content"] if file["secret_content"] is None else file["secret_content"]
    owner = file["owner"] or current.owner or user_name(os.geteuid())
    group = file["group"] or current.group or group_name(os.getegid())
    return State(text.encode(), int(file["mode"], 8), owner, group)


def user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def chown(path: str, state: State) -> None:
    """Numbers are those of an owner who has no name any more."""
    owner = int(state.owner) if state.owner.isdigit() else pwd.getpwnam(state.owner).pw_uid
    group = int(state.group) if state.group.isdigit() else grp.getgrnam(state.group).gr_gid
    os.chown(path, owner, group)


def replace(module: AnsibleModule, path: str, wanted: State, validate: str | None) -> None:
    """Write it beside the file, let it be judged, and rename it. Nobody else can read it before that."""
    target = Path(path)
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    module.add_cleanup_file(new)
    with os.fdopen(handle, "wb") as file:
        file.write(wanted.text or b"")
    if validate:
        code, out, err = module.run_command(validate % new)
        if code != 0:
            module.fail_json(msg=f"failed to validate: {path} stays as it is", rc=code, stdout=out, stderr=err)
    chown(new, wanted)
    Path(new).chmod(wanted.mode)
    Path(new).replace(target)


def settle(module: AnsibleModule, file: dict[str, Any]) -> dict[str, str] | None:
    """Make the file what is wanted, unless this is a check; its diff, or None where nothing is to be done."""
    path, current = file["path"], current_state(file["path"])
    wanted = wanted_state(file, current)
    if current == wanted:
        return None
    if not module.check_mode:
        if wanted.text is None:
            Path(path).unlink()
        else:
            replace(module, path, wanted, file["validate"] if current.text != wanted.text else None)
    # Of a file that goes nobody knows here whether it was secret.
    is_shown = file["content"] is not None
    another = NOT_SHOWN if current.text == wanted.text else ANOTHER_NOT_SHOWN
    before = current.shown(None if is_shown else NOT_SHOWN)
    after = wanted.shown(None if is_shown else another)
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def refuse(module: AnsibleModule, files: list[dict[str, Any]]) -> None:
    for number, file in enumerate(files):
        given = [name for name in ("content", "secret_content") if file[name] is not None]
        if len(given) != 1 and file["state"] == "present":
            module.fail_json(msg=f"files[{number}] has {' and '.join(given) or 'no content'}: allowed is one of both")
        if not file["mode"].isdigit() or set(file["mode"]) - set("01234567"):
            module.fail_json(msg=f"files[{number}].mode is {file['mode']}: allowed are octal digits, such as 0644")
        if not Path(file["path"]).is_absolute():
            module.fail_json(msg=f"files[{number}].path is {file['path']}: allowed is a full path")


def main() -> None:
    options: dict[str, Any] = {
        "path": {"type": "path", "required": True},
        "content": {"type": "str"},
        "secret_content": {"type": "str", "no_log": True},
        "mode": {"type": "str", "default": "0644"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "validate": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    module = AnsibleModule(
        argument_spec={"files": {"type": "list", "elements": "dict", "required": True, "options": options}},
        supports_check_mode=True,
    )
    files = module.params["files"]
    refuse(module, files)
    try:
        diffs = [(file["path"], settle(module, file)) for file in files]
    except (OSError, KeyError) as error:
        module.fail_json(msg=f"a file could not be written: {error}")
    changed = {path: diff for path, diff in diffs if diff}
    module.exit_json(changed=bool(changed), changed_paths=list(changed), diff=list(changed.values()))


if __name__ == "__main__":
    main()
