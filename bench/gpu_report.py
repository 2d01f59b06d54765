"""From times to rates, their share of the measured ceilings, a table, and a file of JSON."""

import json
import os
import tempfile

from vgg import to_conv5_1

# What docs/results/gpu.md predicts of an H100: text, measurement, measurement it is compared with
# (None: its share of the copy ceiling), at least.
PREDICTIONS = (
    ("iteration tf32 against PyTorch eager", "nst_none_tf32_512", "pytorch_none_tf32_512", 1.8),
    ("iteration tf32 against torch.compile", "nst_none_tf32_512", "pytorch_compiled_none_tf32_512", 1.2),
    ("iteration bf16 against compiled bf16", "nst_none_bf16_512", "pytorch_compiled_none_bf16_512", 1.3),
    ("L-BFGS against PyTorch eager", "nst_lbfgs_tf32_512", "pytorch_lbfgs_tf32_512", 3),
    ("Gram and loss against cuBLAS, C = 64", "gram_loss_512_64_tf32", "gram_loss_cublas_512_64_tf32", 2.5),
    ("Gram and loss against cuBLAS, C = 128", "gram_loss_256_128_tf32", "gram_loss_cublas_256_128_tf32", 2.5),
    ("Gram and loss of memory bandwidth, C = 64", "gram_loss_512_64_tf32", None, 0.75),
    ("Gram and loss of memory bandwidth, C = 128", "gram_loss_256_128_tf32", None, 0.75),
)


def iteration_operations(network, size):
    """Additions and multiplications of the convolutions, forward and back to the picture."""
    return sum(2 * 2 * 9 * inputs * outputs * (size >> (block - 1)) ** 2
               for block, _, inputs, outputs in to_conv5_1(network))


def add_rates(entry):
    """GB/s and TFLOP/s, where there are bytes and operations."""
    seconds = entry["median_ms"] / 1e3
    if seconds > 0:
        if entry.get("bytes"):
            entry["gb_per_s"] = entry["bytes"] / seconds / 1e9
        if entry.get("operations"):
            entry["tflop_per_s"] = entry["operations"] / seconds / 1e12
    return entry


def add_shares(entries):
    """Per cent of the copy's and of the matrix product's rate, where these were measured."""
    measured = {entry["name"]: entry for entry in entries if "median_ms" in entry}
    copy = measured.get("copy", {}).get("gb_per_s")
    for entry in measured.values():
        product = measured.get(f"gemm_{entry.get('precision', 'f32')}", {}).get("tflop_per_s")
        if copy and "gb_per_s" in entry:
            entry["percent_of_copy"] = 100 * entry["gb_per_s"] / copy
        if product and "tflop_per_s" in entry:
            entry["percent_of_product"] = 100 * entry["tflop_per_s"] / product


def judge(entries):
    """Each prediction with what was measured: a ratio or a share, and whether it holds."""
    measured = {entry["name"]: entry for entry in entries if "median_ms" in entry}
    verdicts = []
    for text, name, other, least in PREDICTIONS:
        verdict = {"prediction": text, "at_least": least}
        ours = measured.get(name)
        if other is None:
            value = ours and ours.get("percent_of_copy")
            value = value / 100 if value else None
        else:
            theirs = measured.get(other)
            value = theirs["median_ms"] / ours["median_ms"] if ours and theirs else None
        if value is None:
            verdict["not_measured"] = f"needs {name}" + (f" and {other}" if other else " and copy")
        else:
            verdict.update(measured=value, holds=value >= least)
        verdicts.append(verdict)
    return verdicts


def line_of(entry):
    if "median_ms" not in entry:
        return f"  {entry['name']:36} not measured: {entry['not_measured']}"

    def cell(key, form):
        return format(entry[key], form) if key in entry else "".rjust(int(form.split(".")[0]))

    return (f"  {entry['name']:36} {entry['median_ms']:10.4f} ms {cell('gb_per_s', '8.1f')} GB/s "
            f"{cell('tflop_per_s', '8.2f')} TFLOP/s {cell('percent_of_copy', '6.1f')} % copy "
            f"{cell('percent_of_product', '6.1f')} % product")


def line_of_verdict(verdict):
    if "measured" not in verdict:
        return f"  {verdict['prediction']:44} not measured: {verdict['not_measured']}"
    word = "confirmed" if verdict["holds"] else "refuted"
    return (f"  {verdict['prediction']:44} {verdict['measured']:6.2f}, predicted at least "
            f"{verdict['at_least']}: {word}")


def write_json(path, report):
    """The whole file or none of it: a temporary file beside it is renamed over it."""
    path = os.path.abspath(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".gpu_checks-")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(report, file, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
