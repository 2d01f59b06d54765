#!/usr/bin/env python3
"""One iteration of neural style transfer: gramgrad beside PyTorch, on this machine, in turn.

    bench/compare_pytorch.py --sizes 256 512 --threads 2 --rounds 5

Runs build/bin/nst_iteration and PyTorch eager f32 (channels_last, frozen weights: its best setting
on a CPU) alternately, each in a process of its own, and prints medians, the ratio of each pair of
runs, and peak resident memory. --precision mixed or bf16 is for gramgrad alone. --compile prints
torch.compile's time beside them. --json FILE keeps the figures. Needs PyTorch (python3-torch).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTORCH = HERE / "pytorch_iteration.py"


def run(command, environment=None):
    """Runs a command that prints a JSON line; adds its peak resident memory in MiB."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})}
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return {**json.loads(output), "rss_mib": usage.ru_maxrss / 1024}


def compare(arguments, size):
    common = ["--network", arguments.network, "--size", str(size),
              "--threads", str(arguments.threads), "--repetitions", str(arguments.repetitions)]
    # Without these thresholds PyTorch returns its buffers to the system after every layer.
    thresholds = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
    pytorch = [sys.executable, str(PYTORCH), *common]
    ours, theirs, compiled = [], [], []
    for _ in range(arguments.rounds):
        ours.append(run([str(arguments.binary), *common, "--precision", arguments.precision]))
        theirs.append(run(pytorch, thresholds))
        if arguments.compile:
            compiled.append(run([*pytorch, "--compile"], thresholds))

    def median(runs, key):
        return statistics.median(entry[key] for entry in runs)

    ratios = [b["median_ms"] / a["median_ms"] for a, b in zip(ours, theirs)]
    return {
        "network": arguments.network, "precision": arguments.precision, "size": size,
        "threads": arguments.threads, "torch": theirs[0]["torch"],
        "gramgrad_ms": median(ours, "median_ms"), "pytorch_ms": median(theirs, "median_ms"),
        "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios),
        "compiled_ms": median(compiled, "median_ms") if compiled else None,
        "gramgrad_rss_mib": median(ours, "rss_mib"), "pytorch_rss_mib": median(theirs, "rss_mib"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", type=Path,
                        default=HERE.parent / "build/bin/nst_iteration")
    parser.add_argument("--network", choices=["vgg16", "vgg19"], default="vgg19")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=["f32", "mixed", "bf16"], default="f32",
                        help="of gramgrad; PyTorch computes in f32")
    parser.add_argument("--compile", action="store_true", help="torch.compile too (PyTorch 2)")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    arguments = parser.parse_args()
    print("network  size  threads  gramgrad ms  PyTorch ms  ratio (min-max)       memory MiB, of PyTorch's")
    rows = []
    for size in arguments.sizes:
        row = compare(arguments, size)
        rows.append(row)
        print(f"{row['network']:7} {size:5} {row['threads']:8} {row['gramgrad_ms']:12.1f} "
              f"{row['pytorch_ms']:11.1f}  {row['ratio']:.2f} ({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
              f"  {row['gramgrad_rss_mib']:8.0f} / {row['pytorch_rss_mib']:.0f} = "
              f"{row['gramgrad_rss_mib'] / row['pytorch_rss_mib']:.2f}"
              + (f"  torch.compile {row['compiled_ms']:.1f} ms" if row["compiled_ms"] else ""), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
