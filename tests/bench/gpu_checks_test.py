#!/usr/bin/env python3
"""bench/gpu_checks without a GPU: arguments, parsers, reports, and the whole flow on the CPU.

    tests/bench/gpu_checks_test.py BUILD_FOLDER
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"
BUILD = sys.argv.pop(1)
sys.dont_write_bytecode = True
sys.path.insert(0, str(BENCH))

import gpu_report  # noqa: E402
import gpu_runner  # noqa: E402
from gpu_runner import NotMeasured, PartFailed  # noqa: E402


def checks(*words, **environment):
    return subprocess.run([sys.executable, str(BENCH / "gpu_checks"), "--build", BUILD, *map(str, words)],
                          capture_output=True, text=True, env={**os.environ, **environment})


def python(code):
    return [sys.executable, "-c", code]


class Runner(unittest.TestCase):
    def test_returns_status_and_both_outputs(self):
        code = "import sys; print('a'); print('b', file=sys.stderr); sys.exit(5)"
        self.assertEqual(gpu_runner.run(python(code), 60), (5, "a\n", "b\n"))

    def test_ends_a_program_and_its_children_at_the_limit(self):
        code = ("import subprocess, sys, time\n"
                "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
                "time.sleep(60)")
        with self.assertRaisesRegex(PartFailed, "longer than 1 s"):
            gpu_runner.run(python(code), 1)

    def test_says_what_cannot_be_started(self):
        with self.assertRaisesRegex(NotMeasured, "/no/such/program cannot be started"):
            gpu_runner.run(["/no/such/program"], 1)

    def test_reports_the_last_words_of_what_failed(self):
        with self.assertRaisesRegex(PartFailed, "status 1: boom"):
            gpu_runner.run_or_fail(python("import sys; sys.exit('boom')"), 60)

    def test_limits_by_the_time_that_is_left(self):
        now = [0.0]
        deadline = gpu_runner.Deadline(100, lambda: now[0])
        self.assertEqual(deadline.limit(60), 60)
        now[0] = 70.0
        self.assertEqual(deadline.limit(60), 30)
        now[0] = 99.5
        with self.assertRaises(NotMeasured):
            deadline.limit(60)


class Parsers(unittest.TestCase):
    def test_read_lines_of_json(self):
        self.assertEqual(gpu_runner.parse_json_lines('{"a": 1}\n\n{"b": 2}\n'), [{"a": 1}, {"b": 2}])
        for wrong in ("", "words", "[1]", '{"a": NaN}', '{"a": 1'):
            with self.assertRaises(PartFailed, msg=wrong):
                gpu_runner.parse_json_lines(wrong)

    def test_read_googletest(self):
        text = ("[==========] 12 tests from 2 test suites ran. (5 ms total)\n"
                "[  PASSED  ] 9 tests.\n[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] A.b\n"
                "[  FAILED  ] 2 tests, listed below:\n[  FAILED  ] Ops/A.B/c, where GetParam() = 3\n"
                "[  FAILED  ] D.e\n\n 2 FAILED TESTS\n")
        self.assertEqual(gpu_runner.parse_gtest(text),
                         {"passed": 9, "skipped": 1, "failed": ["D.e", "Ops/A.B/c"]})
        with self.assertRaisesRegex(PartFailed, "terminate called"):
            gpu_runner.parse_gtest("[ RUN ] A.b\nterminate called\n")

    def test_read_compute_sanitizer(self):
        self.assertEqual(gpu_runner.parse_sanitizer("========= ERROR SUMMARY: 0 errors\n"), 0)
        self.assertEqual(gpu_runner.parse_sanitizer(
            "========= RACECHECK SUMMARY: 2 hazards displayed (2 errors, 0 warnings)\n"), 2)
        with self.assertRaises(PartFailed):
            gpu_runner.parse_sanitizer("========= COMPUTE-SANITIZER\n")


class Reports(unittest.TestCase):
    def test_compute_rates_and_shares(self):
        entries = [gpu_report.add_rates({"name": "copy", "median_ms": 1, "bytes": 2e9}),
                   gpu_report.add_rates({"name": "gemm_tf32", "median_ms": 10, "operations": 4e12,
                                         "precision": "tf32"}),
                   gpu_report.add_rates({"name": "x", "median_ms": 2, "bytes": 1e9, "operations": 2e11,
                                         "precision": "tf32"}),
                   {"name": "y", "not_measured": "why"}]
        gpu_report.add_shares(entries)
        self.assertEqual(entries[0]["gb_per_s"], 2000)
        self.assertEqual(entries[1]["tflop_per_s"], 400)
        self.assertEqual((entries[2]["percent_of_copy"], entries[2]["percent_of_product"]), (25, 25))
        for entry in entries:
            self.assertIn(entry["name"], gpu_report.line_of(entry))
        self.assertIn("not measured: why", gpu_report.line_of(entries[3]))

    def test_count_the_operations_of_an_iteration(self):
        # By hand for VGG19 at 16 x 16: 18 (K C C' pixels) a layer and direction, two directions.
        layers = [(3, 64, 256), (64, 64, 256), (64, 128, 64), (128, 128, 64), (128, 256, 16)]
        layers += 3 * [(256, 256, 16)] + [(256, 512, 4)] + 3 * [(512, 512, 4)] + [(512, 512, 1)]
        self.assertEqual(gpu_report.iteration_operations("vgg19", 16),
                         sum(36 * a * b * pixels for a, b, pixels in layers))

    def test_judge_predictions(self):
        entries = [{"name": "nst_none_tf32_512", "median_ms": 2}, {"name": "pytorch_none_tf32_512", "median_ms": 5},
                   {"name": "pytorch_compiled_none_tf32_512", "median_ms": 2.2},
                   {"name": "gram_loss_512_64_tf32", "median_ms": 1, "percent_of_copy": 80}]
        verdicts = gpu_report.judge(entries)
        self.assertEqual((verdicts[0]["measured"], verdicts[0]["holds"]), (2.5, True))
        self.assertFalse(verdicts[1]["holds"])
        self.assertIn("not_measured", verdicts[2])
        self.assertTrue(verdicts[6]["holds"])
        words = [gpu_report.line_of_verdict(verdict) for verdict in verdicts]
        self.assertIn("confirmed", words[0])
        self.assertIn("refuted", words[1])

    def test_write_whole_files_only(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            gpu_report.write_json(path, {"a": 1})
            self.assertEqual(json.loads(path.read_text()), {"a": 1})
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
            for wrong in ({"a": float("nan")}, {"a": object()}):
                with self.assertRaises((ValueError, TypeError)):
                    gpu_report.write_json(path, wrong)
            self.assertEqual(json.loads(path.read_text()), {"a": 1})
            self.assertEqual(os.listdir(folder), ["report.json"])


class Script(unittest.TestCase):
    def test_refuses_wrong_arguments(self):
        for words in (["--device", "tpu"], ["--sizes", "8"], ["--sizes", "x"], ["--minutes", "0"],
                      ["--json", "/no/such/folder/x.json"]):
            result = checks(*words)
            self.assertEqual(result.returncode, 2, words)
            self.assertIn("error:", result.stderr)

    def test_says_in_one_line_that_there_is_no_gpu(self):
        result = checks(CUDA_VISIBLE_DEVICES="")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertIn("nothing to check", result.stderr)

    def test_says_that_there_is_no_build(self):
        result = checks("--build", "/no/such/build")
        self.assertEqual(result.returncode, 2)
        self.assertIn("/no/such/build/bin/gpu_bench is not there", result.stderr)

    def test_runs_the_whole_flow_on_the_cpu(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            result = checks("--device", "cpu", "--json", path)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            report = json.loads(path.read_text())
        status = {part["name"]: part["status"] for part in report["parts"]}
        for name in ("tests", "ceilings", "gram f32 32", "iteration lbfgs f32 32"):
            self.assertEqual(status[name], "done", result.stdout)
        self.assertEqual(status["sanitizer racecheck"], "not measured")
        results = {entry["name"]: entry for part in report["parts"] for entry in part["results"]}
        self.assertGreater(results["kernels_test"]["passed"], 5)
        self.assertGreater(results["copy"]["gb_per_s"], 0)
        self.assertGreater(results["gram_loss_32_64_f32"]["percent_of_copy"], 0)
        self.assertGreater(results["nst_adam_f32_32"]["median_ms"], 0)
        self.assertIn("cuBLAS", results["gemm_tf32"]["not_measured"])
        self.assertTrue(all("not_measured" in verdict for verdict in report["predictions"]))


if __name__ == "__main__":
    unittest.main()
