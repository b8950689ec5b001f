"""Which containers are wrecks. Whether a process runs is asked of this machine's own processes."""

import os
import subprocess
import sys

import pytest
from remove import process_runs, wrecked

INIT, SUPERVISOR = 100, 99


def container(status, init=INIT, supervisor=SUPERVISOR):
    return {"Id": "c0ffee", "State": {"Status": status, "Pid": init, "ConmonPid": supervisor}}


def alive(*pids):
    return lambda pid, token: token == "c0ffee" and pid in pids


def test_a_container_whose_processes_run_is_whole():
    assert wrecked(container("running"), alive(INIT, SUPERVISOR)) is None


@pytest.mark.parametrize("status", ["created", "exited"])
def test_a_container_that_can_be_started_is_whole(status):
    assert wrecked(container(status, 0, 0), alive()) is None


@pytest.mark.parametrize(("left", "gone"), [(SUPERVISOR, "init (process 100)"), (INIT, "supervisor (process 99)")])
def test_a_container_that_lost_a_process_is_a_wreck(left, gone):
    assert wrecked(container("running"), alive(left)) == f"its {gone} is gone"


@pytest.mark.parametrize("status", ["paused", "stopping", "removing", "unknown"])
def test_a_container_stuck_between_states_is_a_wreck(status):
    assert wrecked(container(status), alive(INIT, SUPERVISOR)) == f"it is {status}"


def test_a_process_is_known_by_its_command_line():
    command = [sys.executable, "-c", "input(print('up', flush=True) or '')", "c0ffee"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # the kernel shows a command line only once the program runs
    try:
        assert process_runs(process.pid, "c0ffee")
        assert not process_runs(process.pid, "another")
    finally:
        process.communicate(b"\n")
    assert not process_runs(process.pid, "c0ffee")


def test_a_process_that_nobody_has_buried_is_dead():
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not process_runs(pid, "")
    os.waitpid(pid, 0)
