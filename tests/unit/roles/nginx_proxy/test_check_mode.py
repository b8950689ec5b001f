"""What a check of the role takes from what apt would do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[4]
SKIPPED = {"skipped": True}
# What apt would do with Lua's module, what it would do without, and whether NGINX is new.
CASES = {
    "a_new_host": (
        "Inst nginx-common (1.26)\nInst nginx (1.26)\nInst libnginx-mod-http-lua (0.10)\n",
        None,
        True,
    ),
    "a_new_host_without_lua": (None, "Inst nginx (1.26)\n", True),
    "a_host_with_nginx": ("Inst lua-cjson (2.1)\nInst libnginx-mod-http-lua (0.10)\n", None, False),
    "a_host_with_all_of_it": ("", None, False),
}


def test_a_check_ends_where_nginx_itself_is_still_to_come(tmp_path):
    hosts = {
        name: {
            variable: SKIPPED if words is None else {"stdout": words}
            for variable, words in (("__nginx_proxy_with_lua", with_lua), ("__nginx_proxy_alone", alone))
        }
        for name, (with_lua, alone, _) in CASES.items()
    }
    inventory = tmp_path / "cases.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    ansible = [Path(sys.executable).with_name("ansible"), "-i", inventory, "all", "-m", "debug"]
    given = ["-a", "var=__nginx_proxy_is_new", "-e", "@roles/nginx_proxy/vars/main.yml"]
    asked = subprocess.run([*ansible, *given], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    found = re.findall(r"^(\w+) \| SUCCESS => \{?\n? *__nginx_proxy_is_new: (\w+)", asked.stdout, re.MULTILINE)
    assert dict(found) == {name: str(is_new).lower() for name, (_, _, is_new) in CASES.items()}, asked.stdout
