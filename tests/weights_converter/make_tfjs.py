"""Writes the TensorFlow.js test files of weights_converter/graphs.

Run with TensorFlow.js' converter; those in data/ were written by tensorflowjs 3.18.0 with TensorFlow and Keras 2.10
(Python 3.9; of what the converter asks for, its other input formats' libraries are not needed):
    python3.9 -m venv old && old/bin/pip install tensorflow-cpu==2.10.1 tensorflow-hub==0.12.0 packaging 'numpy<1.24'
    old/bin/pip install --no-deps tensorflowjs==3.18.0 && old/bin/python make_tfjs.py
What its own read_weights reads of them becomes the expected numbers. Then make_expected.py.
"""
import json
import os
import shutil

import tensorflowjs
from tensorflow import keras
from tensorflowjs.read_weights import read_weights

from network import small_vgg
from test_files import data, keras_name, keras_weights, pooled, small_head, write_numbers

NORM = (("gamma", "gamma"), ("beta", "beta"), ("mean", "moving_mean"), ("variance", "moving_variance"))


def layer_chain(layers, head, separate):
    """Keras' layers; activations stand alone if `separate`."""
    block = 1
    for layer in pooled(layers):
        if layer is None:
            yield keras.layers.MaxPooling2D(2, name=f"block{block}_pool")
            block += 1
            continue
        name = keras_name(layer)
        yield keras.layers.Conv2D(len(layer["bias"]), 3, padding="same", name=name,
                                  activation=None if separate else "relu")
        if "gamma" in layer:
            yield keras.layers.BatchNormalization(name=name + "_bn")
        if separate:
            yield keras.layers.Activation("relu", name=name + "_relu")
    if head:
        yield keras.layers.Flatten(name="flatten")
    for layer in head:
        activation = "softmax" if layer is head[-1] else "relu"
        yield keras.layers.Dense(len(layer["bias"]), activation=activation, name=layer["name"])


def keras_model(layers, head=(), separate=False, nested=False):
    """For pictures of 64 × 64: the last map, of 2 × 2, has an order."""
    x = picture = keras.layers.Input((64, 64, 3))
    for part in layer_chain(layers, head, separate):
        x = part(x)
    vgg = keras.Model(picture, x, name="vgg")
    for layer in (*layers, *head):
        vgg.get_layer(keras_name(layer)).set_weights(keras_weights(layer))
        if "gamma" in layer:
            vgg.get_layer(keras_name(layer) + "_bn").set_weights([layer[ours] for ours, _ in NORM])
    return keras.Sequential([vgg]) if nested else vgg


def take_stored_numbers(folder, layers, head):
    """Quantised numbers are not those that went in."""
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        manifest = json.load(file)["weightsManifest"]
    stored = {entry["name"]: entry["data"] for entry in read_weights(manifest, folder, flatten=True)}
    for layer in (*layers, *head):
        name = keras_name(layer)
        kernel = stored[name + "/kernel"]
        layer["weight"] = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        layer["bias"] = stored[name + "/bias"]
        for ours, theirs in NORM:
            if ours in layer:
                layer[ours] = stored[f"{name}_bn/{theirs}"]


def save(name, layers, head=(), kind=None, shard_bytes=16384, **options):
    folder = data(name)
    shutil.rmtree(folder, ignore_errors=True)
    tensorflowjs.converters.save_keras_model(
        keras_model(layers, head, **options), folder, weight_shard_size_bytes=shard_bytes,
        quantization_dtype_map={kind: "*"} if kind else None)
    take_stored_numbers(folder, layers, head)
    write_numbers(name, layers, head)


def save_tiny(name, model):
    """A seed for fuzzing: without numbers, and so without shards, which a fuzzer cannot provide."""
    folder = data("tiny/written")
    tensorflowjs.converters.save_keras_model(model, folder)
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        written = json.load(file)
    shutil.rmtree(folder)
    for weight in written["weightsManifest"][0]["weights"]:
        weight["shape"][-1] = 0
    written["weightsManifest"][0]["paths"] = []
    with open(data(name + ".json"), "w", encoding="utf-8") as out:
        json.dump(written, out)


def main():
    save("tfjs_vgg16", small_vgg("vgg16", 351), small_head(352, inputs=64),
         shard_bytes=20001)  # numbers, too, lie in two shards
    save("tfjs_vgg19_uint8", small_vgg("vgg19", 353), kind="uint8", nested=True)
    save("tfjs_vgg13_uint16", small_vgg("vgg13", 353, batch_norm=True), kind="uint16", separate=True)
    save("tfjs_vgg11_float16", small_vgg("vgg11", 353), kind="float16")
    tiny = small_vgg("vgg13", 363, widths=(2, 2, 2, 2, 2), batch_norm=True)[:2]
    save_tiny("tiny/plain", keras_model(tiny))
    save_tiny("tiny/nested", keras_model(tiny, separate=True, nested=True))


if __name__ == "__main__":
    main()
