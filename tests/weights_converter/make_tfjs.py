"""Writes the TensorFlow.js test files of weights_converter/graphs.

Run with a Python that has torch and numpy (Debian 12: python3-torch). TensorFlow.js' converter needs
TensorFlow; the files are written as its format is described (tensorflow/tfjs: tfjs-core/src/io/types.ts,
tfjs-converter/python/tensorflowjs/write_weights.py).
"""
import json

import numpy as np

from graph_data import NORM, data, pooled, small_head, tiny_net, write_expected
from network import CAFFE, small_vgg


def quantise(array, kind):
    """What is stored, its description, and the numbers it stands for."""
    if kind is None:
        return array, None, array
    if kind == "float16":
        stored = array.astype(np.float16)
        return stored, {"dtype": kind, "original_dtype": "float32"}, stored.astype(np.float32)
    low, high = float(array.min()), float(array.max())
    scale = (high - low) / np.iinfo(kind).max or 1.0
    stored = np.round((array.astype(np.float64) - low) / scale).astype(kind)
    number = (stored.astype(np.float64) * scale + low).astype(np.float32)
    return stored, {"dtype": kind, "min": low, "scale": scale, "original_dtype": "float32"}, number


def keras_name(layer):
    """conv1_1 is block1_conv1, fc6 stays."""
    name = layer["name"]
    return f"block{name[4]}_conv{name[6]}" if name.startswith("conv") else name


def keras_layers(layers, head, separate):
    """Keras' description of the layers; activations stand alone if `separate`."""
    described = [{"class_name": "InputLayer", "config": {"batch_input_shape": [None, None, None, 3], "name": "input"}}]

    def add(kind, name, **config):
        described.append({"class_name": kind, "name": name, "config": {"name": name, "trainable": True, **config}})

    block = 0
    for layer in pooled(layers):
        if layer is None:
            block += 1
            add("MaxPooling2D", f"block{block}_pool", pool_size=[2, 2], strides=[2, 2], padding="valid",
                data_format="channels_last")
            continue
        name = keras_name(layer)
        add("Conv2D", name, filters=len(layer["bias"]), kernel_size=[3, 3], strides=[1, 1], padding="same",
            data_format="channels_last", dilation_rate=[1, 1], groups=1, use_bias=True,
            activation="linear" if separate else "relu")
        if "gamma" in layer:
            add("BatchNormalization", name + "_bn", axis=[3], epsilon=0.001, center=True, scale=True)
        if separate:
            add("Activation", name + "_relu", activation="relu")
    if head:
        add("Flatten", "flatten", data_format="channels_last")
    for layer in head:
        add("Dense", layer["name"], units=len(layer["bias"]), use_bias=True,
            activation="softmax" if layer is head[-1] else "relu")
    return described


def save_tfjs(name, layers, head, kind=None, shard_bytes=16384, nested=False, separate=False):
    """Converted by tensorflowjs_converter from a Keras file; changes the layers to what comes out."""
    weights, content = [], b""

    def add(weight, layer, key, order=None):
        nonlocal content
        stored, quantization, number = quantise(layer[key], kind)
        layer[key] = number
        stored = np.ascontiguousarray(stored if order is None else stored.transpose(order))
        content += stored.tobytes()
        weights.append({"name": weight, "shape": list(stored.shape), "dtype": "float32"})
        if quantization:
            weights[-1]["quantization"] = quantization

    for layer in (*layers, *head):
        called = keras_name(layer)
        add(called + "/kernel", layer, "weight", (2, 3, 1, 0) if layer["weight"].ndim == 4 else (1, 0))
        add(called + "/bias", layer, "bias")
        for key, weight in zip(NORM, ("gamma", "beta", "moving_mean", "moving_variance")):
            if key in layer:
                add(f"{called}_bn/{weight}", layer, key)
    starts = range(0, len(content), shard_bytes)
    paths = [f"{name}-shard{i}of{len(starts)}.bin" for i in range(1, len(starts) + 1)]
    for path, start in zip(paths, starts):
        with open(data(path), "wb") as out:
            out.write(content[start:start + shard_bytes])
    described = keras_layers(layers, head, separate)
    config = {"name": "vgg", "layers": described}
    if nested:
        config = {"name": "sequential", "layers": [
            {"class_name": "Functional", "name": "vgg", "config": {"name": "vgg", "layers": described}}]}
    model = {"format": "layers-model", "generatedBy": "keras v2.9.0", "convertedBy": "TensorFlow.js Converter v3.18.0",
             "modelTopology": {"keras_version": "2.9.0", "backend": "tensorflow", "model_config": {
                 "class_name": "Sequential" if nested else "Functional", "config": config}},
             "weightsManifest": [{"paths": paths, "weights": weights}]}
    with open(data(name + ".json"), "w", encoding="utf-8") as out:
        json.dump(model, out)


def make_tfjs():
    layers, head = small_vgg("vgg16", 351), small_head(352)
    save_tfjs("tfjs_vgg16", layers, head, shard_bytes=20001)  # numbers, too, may lie in two shards
    write_expected("tfjs_vgg16", layers, head, CAFFE)
    for kind, architecture, options in (("uint8", "vgg19", {"nested": True}), ("uint16", "vgg13", {"separate": True}),
                                        ("float16", "vgg11", {})):
        name = f"tfjs_{architecture}_{kind}"
        layers = small_vgg(architecture, 353, batch_norm=kind == "uint16")
        save_tfjs(name, layers, [], kind, **options)
        write_expected(name, layers, [], CAFFE, epsilon=1e-3)


def make_tiny():
    layers, _ = tiny_net(363, batch_norm=True)
    # Without numbers, and so without shards, which a fuzzer cannot provide.
    empty = [{key: value if key == "name" else value[:0] for key, value in layer.items()} for layer in layers]
    save_tfjs("tiny/plain", empty, [])
    save_tfjs("tiny/nested", empty, [], "float16", nested=True, separate=True)


if __name__ == "__main__":
    make_tfjs()
    make_tiny()
