"""Runs the programs of bench/gpu_checks, each in a time limit, and reads what they print."""

import json
import os
import re
import signal
import subprocess
import time


class NotMeasured(Exception):
    """A part that this machine cannot do, and why."""


class PartFailed(Exception):
    """A part that should have worked, and what it said."""


class Deadline:
    """What is left of the time for everything."""

    def __init__(self, seconds, clock=time.monotonic):
        self._clock = clock
        self._end = clock() + seconds

    def limit(self, seconds):
        left = self._end - self._clock()
        if left < 1:
            raise NotMeasured("the time for all parts was over")
        return min(seconds, left)


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def run(command, limit, environment=None):
    """(exit status, standard output, standard error). At the limit the program and its children end."""
    try:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
            env={**os.environ, **(environment or {})})
    except OSError as error:
        raise NotMeasured(f"{command[0]} cannot be started ({error.strerror})") from error
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise PartFailed(f"{os.path.basename(str(command[0]))} took longer than {limit:.0f} s") from None
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, out, err


def run_or_fail(command, limit, environment=None):
    status, out, err = run(command, limit, environment)
    if status != 0:
        name = os.path.basename(str(command[0]))
        raise PartFailed(f"{name} ended with status {status}: {last_line(err or out)}")
    return out


def refuse_constant(name):
    raise ValueError(f"{name} is no number of JSON")


def parse_json_lines(text):
    """One object a line; throws PartFailed for anything else."""
    entries = []
    for line in text.splitlines():
        if line.strip():
            try:
                entry = json.loads(line, parse_constant=refuse_constant)
            except ValueError as error:
                raise PartFailed(f"no line of JSON: {line[:80]!r}") from error
            if not isinstance(entry, dict):
                raise PartFailed(f"no JSON object: {line[:80]!r}")
            entries.append(entry)
    if not entries:
        raise PartFailed("the program printed nothing")
    return entries


def parse_gtest(text):
    """{"passed": n, "skipped": n, "failed": [names]} of GoogleTest's summary."""
    passed = re.search(r"^\[  PASSED  \] (\d+) tests?", text, re.MULTILINE)
    if passed is None:
        raise PartFailed("the tests did not run to their end: " + last_line(text))
    skipped = re.search(r"^\[  SKIPPED \] (\d+) tests?", text, re.MULTILINE)
    failed = re.findall(r"^\[  FAILED  \] ([^\s,]+\.[^\s,]+)", text, re.MULTILINE)
    return {"passed": int(passed[1]), "skipped": int(skipped[1]) if skipped else 0,
            "failed": sorted(set(failed))}


def parse_sanitizer(text):
    """Errors that compute-sanitizer counted."""
    summary = re.findall(r"(?:ERROR SUMMARY|RACECHECK SUMMARY): (\d+)", text)
    if not summary:
        raise PartFailed("compute-sanitizer did not run to its end: " + last_line(text))
    return sum(int(count) for count in summary)
