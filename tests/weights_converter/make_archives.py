"""Writes data/ files of PyTorch, NumPy and safetensors with the small networks of network.py.

    python3 make_archives.py [FILE ...]    all files, or those named

Beside NAME.EXT it writes NAME.features (what PyTorch computes with the file's network) and, per network,
archives_NETWORK.f32: all numbers of network.py's layers in order (weight, bias, then, with batch normalisation,
gamma, beta, mean, variance), which the reader's tests compare with.

The files in data/ were written by two generations of the libraries: those that `OLD` lists by Debian 12's
PyTorch 1.13.1 and NumPy 1.24.2, the others by PyTorch 2.15.0, NumPy 2.4.6 and safetensors 0.8.0.
"""
import collections
import os
import pickle
import sys

import numpy as np
import torch

import features
import network

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
OLD = (
    "torchvision_vgg16_stream.pth", "torchvision_vgg11_old.pth", "gatys_vgg_conv.pth",
    "adain_vgg_normalised.pth", "machrisaa_vgg19.npy", "machrisaa_vgg16_protocol2.npy", "refused/whole_module.pth",
)
FILES = {}


def writes(name):
    def register(function):
        FILES[name] = function
        return function
    return register


def finish(name, layers, feeding):
    """Golden features and numbers."""
    features.write_features(os.path.splitext(path(name))[0] + ".features", layers, feeding)


def net(architecture, batch_norm=False):
    """The network of this architecture that all files share; written as NETWORK.f32 too."""
    layers = network.small_vgg(architecture, seed=int(architecture[3:]), batch_norm=batch_norm)
    keys = ("weight", "bias", "gamma", "beta", "mean", "variance")
    numbers = [layer[key].ravel() for layer in layers for key in keys if key in layer]
    np.concatenate(numbers).tofile(os.path.join(DATA, f"archives_{architecture}{'_bn' if batch_norm else ''}.f32"))
    return layers


def sequential_dict(layers, prefix="features.", wrap=lambda tensor: tensor):
    """The state dict of torchvision.models.vgg: convolution, [batch norm,] ReLU, and pools between blocks."""
    state, index, block = collections.OrderedDict(), 0, 1
    for layer in layers:
        if int(layer["name"][4]) != block:
            block, index = int(layer["name"][4]), index + 1
        state[f"{prefix}{index}.weight"] = wrap(torch.from_numpy(layer["weight"]))
        state[f"{prefix}{index}.bias"] = wrap(torch.from_numpy(layer["bias"]))
        index += 1
        if "gamma" in layer:
            for key, ours in (("weight", "gamma"), ("bias", "beta"), ("running_mean", "mean"), ("running_var", "variance")):
                state[f"{prefix}{index}.{key}"] = torch.from_numpy(layer[ours])
            state[f"{prefix}{index}.num_batches_tracked"] = torch.tensor(7)
            index += 1
        index += 1
    return state


def add_classifier(state, prefix=""):
    """Sizes 16·7·7 → 5 → 6 → 4, at the places that torchvision has."""
    random = np.random.RandomState(1)
    for index, (rows, columns) in ((0, (5, 784)), (3, (6, 5)), (6, (4, 6))):
        state[f"{prefix}classifier.{index}.weight"] = torch.from_numpy(random.randn(rows, columns).astype(np.float32))
        state[f"{prefix}classifier.{index}.bias"] = torch.from_numpy(random.randn(rows).astype(np.float32))
    return state


def path(name):
    return os.path.join(DATA, name)


@writes("torchvision_vgg11_old.pth")
@writes("torchvision_vgg11.pth")
def torchvision_vgg11(name):
    layers = net("vgg11")
    torch.save(add_classifier(sequential_dict(layers)), path(name))
    finish(name, layers, network.TORCHVISION)


@writes("torchvision_vgg16_stream.pth")
def torchvision_vgg16_stream(name):
    layers = net("vgg16")
    torch.save(sequential_dict(layers), path(name), _use_new_zipfile_serialization=False)
    finish(name, layers, network.TORCHVISION)


@writes("torchvision_vgg19_bn.pth")
def torchvision_vgg19_bn(name):
    layers = net("vgg19", batch_norm=True)
    torch.save(sequential_dict(layers), path(name))
    finish(name, layers, network.TORCHVISION)


@writes("checkpoint_vgg13_bn.pth")
def checkpoint_vgg13_bn(name):
    """Of DataParallel, nested, with parameters, an optimiser's state and the _metadata of a state dict."""
    layers = net("vgg13", batch_norm=True)
    state = sequential_dict(layers, "module.features.", torch.nn.Parameter)
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    torch.save({
        "epoch": 90, "best_acc1": 71.5, "done": True, "note": None, "state_dict": state,
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2, 3, 3, 3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    }, path(name))
    finish(name, layers, network.TORCHVISION)


@writes("mixed_vgg11.pth")
def mixed_vgg11(name):
    """bf16, f16 and f64; tensors that share a storage, begin inside of it and have strides of their own."""
    types = (torch.bfloat16, torch.float16, torch.float64)
    layers = net("vgg11")
    state = collections.OrderedDict()
    for i, layer in enumerate(layers):
        weight = torch.from_numpy(layer["weight"]).to(types[i % 3])
        bias = torch.from_numpy(layer["bias"]).to(types[i % 3])
        both = torch.cat([torch.full((5,), float("nan"), dtype=weight.dtype), weight.permute(2, 3, 1, 0).reshape(-1), bias.repeat_interleave(2)])
        rows, columns, inputs, outputs = weight.permute(2, 3, 1, 0).shape
        state[f"{2 * i}.weight"] = both[5:5 + weight.numel()].view(rows, columns, inputs, outputs).permute(3, 2, 0, 1)
        state[f"{2 * i}.bias"] = both[5 + weight.numel()::2]
        layer["weight"], layer["bias"] = weight.float().numpy(), bias.float().numpy()
    torch.save(state, path(name))
    finish(name, layers, network.TORCHVISION)


@writes("gatys_vgg_conv.pth")
def gatys_vgg_conv(name):
    layers = net("vgg19")
    state = collections.OrderedDict()
    for layer in layers:
        state[layer["name"] + ".weight"] = torch.from_numpy(layer["weight"])
        state[layer["name"] + ".bias"] = torch.from_numpy(layer["bias"])
    torch.save(state, path(name), _use_new_zipfile_serialization=False)
    finish(name, layers, network.CAFFE)


@writes("adain_vgg_normalised.pth")
def adain_vgg_normalised(name):
    """nn.Sequential of a 1×1 convolution of the colours, then reflection padding, convolution, ReLU, …."""
    layers = net("vgg19")
    modules = [torch.nn.Conv2d(3, 3, 1)]
    modules[0].weight.data = 255 * torch.eye(3).flip(0)[:, :, None, None]
    modules[0].bias.data = -torch.tensor([103.939, 116.779, 123.68])
    block = 1
    for layer in layers:
        if int(layer["name"][4]) != block:
            block = int(layer["name"][4])
            modules.append(torch.nn.MaxPool2d(2, ceil_mode=True))
        outputs, inputs = layer["weight"].shape[:2]
        conv = torch.nn.Conv2d(inputs, outputs, 3)
        conv.weight.data = torch.from_numpy(layer["weight"])
        conv.bias.data = torch.from_numpy(layer["bias"])
        modules += [torch.nn.ReflectionPad2d(1), conv, torch.nn.ReLU()]
    torch.save(torch.nn.Sequential(*modules).state_dict(), path(name), _use_new_zipfile_serialization=False)
    finish(name, layers, network.CAFFE)


@writes("refused/whole_module.pth")
def whole_module(name):
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3)), path(name))


def machrisaa(layers):
    """{"conv1_1": [weight HWIO, bias], …}; half of the arrays in Fortran's order."""
    arrays = {}
    for i, layer in enumerate(layers):
        weight = layer["weight"].transpose(2, 3, 1, 0)
        weight = np.asfortranarray(weight) if i % 2 else np.ascontiguousarray(weight)
        arrays[layer["name"]] = [weight, layer["bias"]]
    return arrays


@writes("machrisaa_vgg19.npy")
@writes("machrisaa_vgg16.npy")
def machrisaa_npy(name):
    layers = net("vgg19" if "19" in name else "vgg16")
    np.save(path(name), machrisaa(layers))
    finish(name, layers, network.CAFFE)


@writes("machrisaa_vgg16_protocol2.npy")
def machrisaa_protocol2(name):
    """As NumPy before 1.17 wrote under Python 3: bytes as text in Latin-1."""
    layers = net("vgg16")
    whole = np.empty((), dtype=object)
    whole[()] = machrisaa(layers)
    with open(path(name), "wb") as out:
        np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(whole, out, protocol=2)
    finish(name, layers, network.CAFFE)


FROSSARD = {"order": "RGB", "scale": 255.0, "mean": (123.68, 116.779, 103.939), "std": (1.0, 1.0, 1.0)}


@writes("frossard_vgg16.npz")
@writes("frossard_vgg16_deflated.npz")
def frossard(name):
    layers = net("vgg16")
    arrays = {}
    for layer in reversed(layers):  # its file has no order either
        arrays[layer["name"] + "_W"] = np.ascontiguousarray(layer["weight"].transpose(2, 3, 1, 0))
        arrays[layer["name"] + "_b"] = layer["bias"]
    random = np.random.RandomState(1)
    for fc, (rows, columns) in (("fc6", (784, 5)), ("fc7", (5, 6)), ("fc8", (6, 4))):
        matrix = random.randn(columns, rows).astype(np.float32).T  # in Fortran's order
        arrays[fc + "_W"], arrays[fc + "_b"] = matrix, np.arange(columns, dtype=np.float32)
    (np.savez_compressed if "deflated" in name else np.savez)(path(name), **arrays)
    finish(name, layers, FROSSARD)


@writes("project_vgg13.npz")
def project(name):
    layers = net("vgg13")
    arrays = {}
    for layer in layers:
        half = layer["weight"].astype(np.float16)
        arrays[layer["name"] + ".weight"], arrays[layer["name"] + ".bias"] = half, layer["bias"]
        layer["weight"] = half.astype(np.float32)
    np.savez(path(name), **arrays)
    finish(name, layers, network.CAFFE)


@writes("torchvision_vgg13.safetensors")
def safetensors_file(name):
    import safetensors.torch

    layers = net("vgg13")
    state = add_classifier(sequential_dict(layers))
    for layer in layers[1::2]:  # every other layer in bf16
        for key in list(state):
            if torch.equal(state[key], torch.from_numpy(layer["weight"])):
                state[key] = state[key].bfloat16()
                layer["weight"] = state[key].float().numpy()
    safetensors.torch.save_file(state, path(name), metadata={"format": "pt"})
    os.chmod(path(name), 0o644)
    finish(name, layers, network.TORCHVISION)


def tiny_state():
    """Two convolutions with the numbers 1, 2, 3, …; what tests damage at every byte."""
    count, state = 1, {}
    for name, shape in (("conv1_1.weight", (2, 3, 3, 3)), ("conv1_1.bias", (2,)), ("conv1_2.weight", (2, 2, 3, 3)), ("conv1_2.bias", (2,))):
        size = int(np.prod(shape))
        state[name] = np.arange(count, count + size, dtype=np.float32).reshape(shape)
        count += size
    return state


@writes("tiny/zip.pth")
@writes("tiny/stream.pth")
@writes("tiny/dictionary.npy")
@writes("tiny/stored.npz")
@writes("tiny/deflated.npz")
@writes("tiny/tiny.safetensors")
def tiny(name):
    state, where = tiny_state(), path(name)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    tensors = {key: torch.from_numpy(value) for key, value in state.items()}
    if name.endswith(".pth"):
        torch.save(tensors, where, _use_new_zipfile_serialization="zip" in name)
    elif name.endswith(".npy"):
        np.save(where, {"conv1_1": [state["conv1_1.weight"].transpose(2, 3, 1, 0), state["conv1_1.bias"]],
                        "conv1_2": [state["conv1_2.weight"].transpose(2, 3, 1, 0), state["conv1_2.bias"]]})
    elif name.endswith(".npz"):
        (np.savez if "stored" in name else np.savez_compressed)(where, **state)
    else:
        import safetensors.torch

        safetensors.torch.save_file(tensors, where)
        os.chmod(where, 0o644)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or FILES:
        FILES[wanted](wanted)
