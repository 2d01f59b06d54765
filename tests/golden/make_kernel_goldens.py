#!/usr/bin/env python3
"""Writes kernel_goldens.json: what PyTorch computes in f64 for small inputs.

Every tensor is {"shape": [...], "values": [...]} with feature maps in NHWC and convolution weights
in [O, Kh, Kw, I]. Written with PyTorch 1.13; run it as `python3 make_kernel_goldens.py`.
"""
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def random(*shape):
    """Multiples of 1/64 in [-2, 2]: short in the file and exact in f32."""
    return torch.randint(-128, 129, shape).to(torch.float64) / 64


def nhwc(tensor):
    return tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor


def written(tensor):
    tensor = nhwc(tensor.detach()).contiguous()
    return {"shape": list(tensor.shape), "values": tensor.flatten().tolist()}


def conv2d(batch, height, width, inputs, outputs, kernel, stride, padding):
    x = random(batch, inputs, height, width).requires_grad_()
    w = random(outputs, inputs, kernel, kernel).requires_grad_()
    bias = random(outputs).requires_grad_()
    y = F.conv2d(x, w, bias, stride=stride, padding=padding)
    dy = random(*y.shape)
    y.backward(dy)
    named = {"x": x, "w": w, "bias": bias, "y": y, "dy": dy,
             "dx": x.grad, "dw": w.grad, "dbias": bias.grad}
    return {"stride": stride, "padding": padding, **{k: written(t) for k, t in named.items()}}


def pool2d(kind, height, width, window, stride):
    x = random(2, 2, height, width).requires_grad_()
    pool = F.max_pool2d if kind == "max" else F.avg_pool2d
    y = pool(x, window, stride)
    dy = random(*y.shape)
    y.backward(dy)
    named = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    return {"kind": kind, "window": window, "stride": stride,
            **{k: written(t) for k, t in named.items()}}


def resize(mode, height, width, new_height, new_width):
    x = random(1, 2, height, width).requires_grad_()
    corners = {} if mode == "area" else {"align_corners": False}
    y = F.interpolate(x, size=(new_height, new_width), mode=mode, **corners)
    dy = random(*y.shape)
    y.backward(dy)
    named = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    return {"filter": mode, **{k: written(t) for k, t in named.items()}}


def adam(steps):
    x = random(6).requires_grad_()
    start = x.detach().clone()
    optimizer = torch.optim.Adam([x], lr=0.02, betas=(0.9, 0.999), eps=1e-8)
    gradients, values = [], []
    for _ in range(steps):
        x.grad = random(6)
        gradients.append(written(x.grad))
        optimizer.step()
        values.append(written(x))
    return {"start": written(start), "gradients": gradients, "values": values}


def nine_point_tv(height, width):
    """TVLoss of style-transfer-pytorch (Katherine Crowson), whose text this follows."""
    x = random(2, 3, height, width).requires_grad_()
    padded = F.pad(x, (1, 1, 1, 1), "replicate")
    s1, s2 = slice(1, -1), slice(2, None)
    s3, s4 = slice(None, -1), slice(1, None)
    d1 = (padded[..., s1, s2] - padded[..., s1, s1]).pow(2).mean() / 3
    d2 = (padded[..., s2, s1] - padded[..., s1, s1]).pow(2).mean() / 3
    d3 = (padded[..., s4, s4] - padded[..., s3, s3]).pow(2).mean() / 12
    d4 = (padded[..., s4, s3] - padded[..., s3, s4]).pow(2).mean() / 12
    loss = 2 * (d1 + d2 + d3 + d4)
    loss.backward()
    return {"x": written(x), "loss": loss.item(), "dx": written(x.grad)}


def main():
    sizes = [(5, 7, 9, 4), (8, 6, 3, 5), (1, 4, 3, 9), (7, 3, 1, 2)]
    goldens = {
        "conv2d": [conv2d(2, 5, 4, 3, 4, 3, 1, 1), conv2d(1, 7, 6, 2, 3, 3, 2, 1),
                   conv2d(1, 6, 7, 1, 2, 5, 1, 2), conv2d(1, 3, 4, 5, 3, 1, 1, 0),
                   conv2d(1, 7, 5, 2, 2, 4, 3, 2)],
        "pool2d": [pool2d("max", 5, 6, 2, 2), pool2d("max", 7, 7, 3, 2),
                   pool2d("average", 5, 6, 2, 2), pool2d("average", 6, 5, 3, 1)],
        "resize": [resize(mode, *size) for mode in ("area", "bilinear", "bicubic")
                   for size in sizes],
        "adam": adam(5),
        "nine_point_tv": [nine_point_tv(4, 5), nine_point_tv(1, 3)],
    }
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernel_goldens.json")
    with open(target + ".part", "w", encoding="utf-8") as file:
        json.dump(goldens, file, separators=(",", ":"))
        file.write("\n")
    os.replace(target + ".part", target)


if __name__ == "__main__":
    main()
