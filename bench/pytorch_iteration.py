#!/usr/bin/env python3
"""One iteration of neural style transfer in PyTorch, as bench/nst_iteration does it.

    bench/pytorch_iteration.py --network vgg19 --size 512 --device cuda --precision tf32 --compile

channels_last, frozen weights: PyTorch's best settings. f32, tf32, or bf16 (weights, activations and
Gram matrices' factors in bf16, the picture f32). --compile: torch.compile with CUDA graphs. Prints
one line of JSON, or ends with status 3 and a line that says why it cannot be measured.
"""

import argparse
import json
import statistics
import sys
import time

from vgg import CONVOLUTIONS, to_conv5_1

STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT = "relu4_2"
CANNOT = 3


def cannot(why):
    print(why)
    sys.exit(CANNOT)


def random_layers(torch, network, dtype, device):
    """[(name, weight OIHW, bias)] to relu5_1."""
    layers = []
    for block, index, inputs, outputs in to_conv5_1(network):
        weight = torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
        weight = weight.to(device, dtype).contiguous(memory_format=torch.channels_last)
        layers.append((f"relu{block}_{index}", weight, torch.zeros(outputs, dtype=dtype, device=device)))
    return layers


def make_objective(torch, arguments, device):
    """picture -> loss, and the picture to start from."""
    functional = torch.nn.functional
    dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    layers = random_layers(torch, arguments.network, dtype, device)

    def features(x):
        taps = {}
        x = x.to(dtype).contiguous(memory_format=torch.channels_last)
        for position, (name, weight, bias) in enumerate(layers):
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
            if name in STYLE or name == CONTENT:
                taps[name] = x
            following = layers[position + 1][0] if position + 1 < len(layers) else name
            if following[4] != name[4]:
                x = functional.max_pool2d(x, 2)
        return taps

    def gram(x):
        flat = x.flatten(2).squeeze(0)
        return (flat @ flat.t() / flat.shape[1]).float()

    def picture(seed):
        torch.manual_seed(seed)
        x = torch.rand(1, 3, arguments.size, arguments.size).to(device)
        if arguments.optimizer == "lbfgs":  # which wants a contiguous gradient
            return x
        return x.contiguous(memory_format=torch.channels_last)

    with torch.no_grad():
        content = features(picture(1))[CONTENT].float()
        style = {name: gram(f) for name, f in features(picture(2)).items() if name in STYLE}

    def objective(x):
        taps = features(x)
        loss = 50 * functional.mse_loss(taps[CONTENT].float(), content)
        for name in STYLE:
            loss = loss + 200 * functional.mse_loss(gram(taps[name]), style[name])
        return loss

    return objective, picture(3).requires_grad_(True)


def make_step(torch, arguments, objective, x):
    """One iteration; returns its loss, still on the device."""
    if arguments.optimizer == "none":
        def step():
            x.grad = None
            loss = objective(x)
            loss.backward()
            return loss
        return step
    if arguments.optimizer == "adam":
        optimizer = torch.optim.Adam([x], lr=0.02)
    else:  # one iteration a step, no line search: as nn/optim/lbfgs.h
        optimizer = torch.optim.LBFGS([x], lr=1, max_iter=1, history_size=20,
                                      tolerance_grad=0, tolerance_change=0)

    def closure():
        optimizer.zero_grad()
        loss = objective(x)
        loss.backward()
        return loss

    return lambda: optimizer.step(closure)


def measure(torch, arguments, device):
    objective, x = make_objective(torch, arguments, device)
    if arguments.compile:
        objective = torch.compile(objective, mode="reduce-overhead")
    step = make_step(torch, arguments, objective, x)
    milliseconds = []
    for repetition in range(-5 if arguments.compile else -2, arguments.repetitions):
        start = time.perf_counter()
        step().item()  # waits for the device
        if repetition >= 0:
            milliseconds.append(1e3 * (time.perf_counter() - start))
    return milliseconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--network", choices=sorted(CONVOLUTIONS), default="vgg19")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32")
    parser.add_argument("--optimizer", choices=["none", "adam", "lbfgs"], default="none")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2, help="on the CPU")
    parser.add_argument("--repetitions", type=int, default=10)
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        cannot("PyTorch is not installed")
    if arguments.device == "cuda" and not torch.cuda.is_available():
        cannot(f"PyTorch {torch.__version__} sees no GPU")
    if arguments.compile and not hasattr(torch, "compile"):
        cannot(f"torch.compile needs PyTorch 2, this is {torch.__version__}")
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = arguments.precision != "f32"
    torch.backends.cudnn.allow_tf32 = arguments.precision != "f32"
    torch.backends.cudnn.benchmark = True
    milliseconds = measure(torch, arguments, arguments.device)
    print(json.dumps({"median_ms": statistics.median(milliseconds), "min_ms": min(milliseconds),
                      "max_ms": max(milliseconds), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
