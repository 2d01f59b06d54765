"""Writes the test files of weights_converter/graphs: ONNX, Caffe and TensorFlow.js.

Run with a Python that has torch 1.13, numpy, onnx and protobuf, and with protoc (Debian 12: python3-torch,
python3-onnx, python3-protobuf, protobuf-compiler). PyTorch exports its ONNX files itself; those of
tf2onnx and the model zoo are put together with the library onnx as their writers did. Caffe's files are
written by Google's protobuf from the messages of BVLC/caffe's caffe.proto that they need. Those of
TensorFlow.js, whose converter needs TensorFlow, are written as its format is described
(tensorflow/tfjs: tfjs-core/src/io/types.ts, tfjs-converter/python/tensorflowjs/write_weights.py).

Files of names ending in .f32 hold the expected numbers, raw and little-endian: of every convolution the
weights [out, in, 3, 3], the biases, and gamma, beta, mean and variance if it is normalised; then of every
fully connected layer the weights [out, in], then the biases.
"""
import importlib
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from network import CAFFE, TORCHVISION, small_vgg, write_features

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
NORM = ("gamma", "beta", "mean", "variance")


def data(name):
    return os.path.join(DATA, name)


def write_expected(name, layers, head, feeding, **options):
    write_features(data(name + ".features"), layers, feeding, **options)
    with open(data(name + ".f32"), "wb") as out:
        for layer in (*layers, *head):
            for key in ("weight", "bias", *NORM):
                if key in layer:
                    out.write(np.ascontiguousarray(layer[key], np.float32).tobytes())


def small_head(seed, inputs=16, sizes=(12, 12, 5)):
    """Fully connected layers, each weight [out, in], bias [out]."""
    random = np.random.RandomState(seed)
    head = []
    for name, outputs in zip(("fc6", "fc7", "fc8"), sizes):
        head.append({"name": name, "weight": random.randn(outputs, inputs).astype(np.float32),
                     "bias": random.randn(outputs).astype(np.float32)})
        inputs = outputs
    return head


def pooled(layers):
    """The layers, and None where a block ends."""
    for layer, following in zip(layers, (*layers[1:], None)):
        yield layer
        if following is None or following["name"][4] != layer["name"][4]:
            yield None


# ---- ONNX, written by PyTorch

class TorchVgg(torch.nn.Module):
    def __init__(self, layers, head):
        super().__init__()
        modules = []
        for layer in pooled(layers):
            if layer is None:
                modules.append(torch.nn.MaxPool2d(2))
                continue
            weight = torch.from_numpy(layer["weight"])
            conv = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            conv.weight.data, conv.bias.data = weight, torch.from_numpy(layer["bias"])
            modules.append(conv)
            if "gamma" in layer:
                norm = torch.nn.BatchNorm2d(weight.shape[0])
                norm.weight.data, norm.bias.data, norm.running_mean.data, norm.running_var.data = (
                    torch.from_numpy(layer[key]) for key in NORM)
                modules.append(norm)
            modules.append(torch.nn.ReLU())
        self.features = torch.nn.Sequential(*modules)
        self.avgpool = torch.nn.AdaptiveAvgPool2d((1, 1))
        classifier = []
        for layer in head:
            linear = torch.nn.Linear(layer["weight"].shape[1], layer["weight"].shape[0])
            linear.weight.data, linear.bias.data = torch.from_numpy(layer["weight"]), torch.from_numpy(layer["bias"])
            classifier += [linear, torch.nn.ReLU(), torch.nn.Dropout()]
        self.classifier = torch.nn.Sequential(*classifier[:-2])

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def export(name, layers, head, **options):
    torch.onnx.export(TorchVgg(layers, head).eval(), torch.zeros(1, 3, 32, 32), data(name + ".onnx"),
                      dynamic_axes={"input": {0: "n", 2: "h", 3: "w"}}, input_names=["input"], **options)


def make_torch():
    layers, head = small_vgg("vgg16", 301), small_head(302)
    export("onnx_torch_vgg16", layers, head)
    write_expected("onnx_torch_vgg16", layers, head, TORCHVISION)

    layers = small_vgg("vgg19", 303, batch_norm=True)
    export("onnx_torch_vgg19_bn", layers, head, training=torch.onnx.TrainingMode.PRESERVE)
    write_expected("onnx_torch_vgg19_bn", layers, head, TORCHVISION)

    # The exporter folds the normalisation, and gives the weights names of its own ("onnx::Conv_58").
    layers = small_vgg("vgg13", 304, batch_norm=True)
    export("onnx_torch_vgg13_folded", layers, head)
    folded = []
    for layer in layers:
        factor = layer["gamma"].astype(np.float64) / np.sqrt(layer["variance"].astype(np.float64) + 1e-5)
        folded.append({"name": layer["name"], "weight": (layer["weight"] * factor[:, None, None, None]),
                       "bias": (layer["bias"] - layer["mean"]) * factor + layer["beta"]})
    write_expected("onnx_torch_vgg13_folded", folded, head, TORCHVISION)


# ---- ONNX, as others write it

def save_onnx(name, nodes, initializers, inputs, outputs, opset, **options):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], **options)
    onnx.save(model, data(name + ".onnx"))


def values(*names):
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]


def keras_onnx(name, layers, head):
    """As tf2onnx writes with its optimisers off: everything is transposed, to and fro, biases are added
    on their own, and the head is the user's. Names are mangled."""
    nodes, initializers, value = [], [], "input"

    def node(kind, inputs, **attributes):
        output = f"StatefulPartitionedCall/model_3/{kind}__{len(nodes)}:0"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(array):
        initializers.append(numpy_helper.from_array(array, f"const_fold_opt__{len(initializers)}"))
        return initializers[-1].name

    for layer in pooled(layers):
        value = node("Transpose", [value], perm=[0, 3, 1, 2])
        if layer is None:
            value = node("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2], auto_pad="VALID")
        else:
            weight = constant(np.ascontiguousarray(layer["weight"].transpose(2, 3, 1, 0)))
            weight = node("Transpose", [node("Identity", [weight])], perm=[3, 2, 0, 1])
            value = node("Conv", [value, weight], kernel_shape=[3, 3], auto_pad="SAME_UPPER", strides=[1, 1],
                         dilations=[1, 1], group=1)
        value = node("Transpose", [value], perm=[0, 2, 3, 1])
        if layer is not None:
            value = node("Relu", [node("Add", [constant(layer["bias"].reshape(1, 1, 1, -1)), value])])
    inputs = head[0]["weight"].shape[1]
    value = node("Reshape", [value, constant(np.array([-1, inputs], np.int64))])
    for index, layer in enumerate(head):
        value = node("MatMul", [value, constant(np.ascontiguousarray(layer["weight"].T))])
        value = node("Add", [value, constant(layer["bias"])])
        value = node("Relu", [value]) if index == 0 else node("Softmax", [value])
    save_onnx(name, nodes, initializers, values("input"), values(value), 13, producer_name="tf2onnx",
              producer_version="1.13.0")


def make_keras():
    layers, head = small_vgg("vgg16", 311), small_head(312, sizes=(6, 4))
    keras_onnx("onnx_keras_vgg16", layers, head)
    write_expected("onnx_keras_vgg16", layers, head, CAFFE)


def make_zoo():
    """As the files of the model zoo of 2018: the initialisers are inputs too, numbers stand in lists."""
    layers, head = small_vgg("vgg11", 321), small_head(322)
    nodes, initializers, value = [], [], "data"

    def node(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(name, array):
        initializers.append(helper.make_tensor(name, TensorProto.FLOAT, array.shape, array.ravel().tolist()))
        return name

    conv = pool = 0
    for layer in pooled(layers):
        if layer is None:
            value = node("MaxPool", [value], f"vgg0_pool{pool}_fwd", kernel_shape=[2, 2], pads=[0] * 4, strides=[2, 2])
            pool += 1
            continue
        value = node("Conv", [value, constant(f"vgg0_conv{conv}_weight", layer["weight"]),
                              constant(f"vgg0_conv{conv}_bias", layer["bias"])], f"vgg0_conv{conv}_fwd",
                     dilations=[1, 1], group=1, kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1])
        value = node("Relu", [value], f"vgg0_relu{conv}_fwd")
        conv += 1
    value = node("Flatten", [value], "flatten_60")
    for index, layer in enumerate(head):
        value = node("Gemm", [value, constant(f"vgg0_dense{index}_weight", layer["weight"]),
                              constant(f"vgg0_dense{index}_bias", layer["bias"])], f"vgg0_dense{index}_fwd",
                     alpha=1.0, beta=1.0, transA=0, transB=1)
        if index < 2:
            value = node("Relu", [value], f"vgg0_dense{index}_relu_fwd")
            value = node("Dropout", [value], f"vgg0_dropout{index}_fwd")
    inputs = values("data", *(i.name for i in initializers))
    save_onnx("onnx_zoo_vgg11", nodes, initializers, inputs, values(value), 7, ir_version=3)
    write_expected("onnx_zoo_vgg11", layers, head, TORCHVISION)


def bf16_bits(array):
    """To nearest, ties to even; no NaN here."""
    bits = array.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def make_types():
    """Every way in which ONNX can hold floating-point numbers, one after the other, in a VGG11."""
    layers = small_vgg("vgg11", 331)
    kinds = ("f32 raw", "f32 list", "f64 raw", "f64 list", "f16 raw", "f16 list", "bf16 raw", "bf16 list")
    nodes, initializers, value = [], [], "x"

    def constant(name, array, kind):
        kind, place = kind.split()
        if kind == "f64":
            stored, numbers, number = TensorProto.DOUBLE, array.astype(np.float64), array
        elif kind == "f16":
            stored, numbers = TensorProto.FLOAT16, array.astype(np.float16)
            number, numbers = numbers.astype(np.float32), numbers.view(np.uint16)
        elif kind == "bf16":
            stored, numbers = TensorProto.BFLOAT16, bf16_bits(array)
            number = (numbers.astype(np.uint32) << 16).view(np.float32)
        else:
            stored, numbers, number = TensorProto.FLOAT, array, array
        tensor = TensorProto(name=name, data_type=stored, dims=array.shape)
        if place == "raw":
            tensor.raw_data = numbers.tobytes()
        else:
            {"f32": tensor.float_data, "f64": tensor.double_data}.get(kind, tensor.int32_data).extend(
                numbers.ravel().tolist())
        initializers.append(tensor)
        return number

    for index, layer in enumerate(layers):
        kind = kinds[index % len(kinds)]
        layer["weight"] = constant(f"w{index}", layer["weight"], kind)
        layer["bias"] = constant(f"b{index}", layer["bias"], kind)
    for index, layer in enumerate(pooled(layers)):
        if layer is None:
            nodes.append(helper.make_node("AveragePool", [value], [f"v{index}"], kernel_shape=[2, 2], strides=[2, 2]))
        else:
            number = layers.index(layer)
            nodes.append(helper.make_node("Conv", [value, f"w{number}", f"b{number}"], [f"c{index}"], pads=[1] * 4))
            nodes.append(helper.make_node("Relu", [f"c{index}"], [f"v{index}"]))
        value = f"v{index}"
    save_onnx("onnx_types_vgg11", nodes, initializers, values("x"), values(value), 13)
    write_expected("onnx_types_vgg11", layers, (), TORCHVISION)


# ---- Caffe

CAFFE_PROTO = """
syntax = "proto2";
message BlobShape { repeated int64 dim = 1 [packed = true]; }
message BlobProto {
  optional BlobShape shape = 7;
  repeated float data = 5 [packed = %(packed)s];
  repeated float diff = 6 [packed = %(packed)s];
  repeated double double_data = 8 [packed = true];
  optional int32 num = 1; optional int32 channels = 2; optional int32 height = 3; optional int32 width = 4;
}
message NetParameter {
  optional string name = 1;
  repeated string input = 3;
  repeated int32 input_dim = 4;
  repeated LayerParameter layer = 100;
  repeated V1LayerParameter layers = 2;
}
message LayerParameter {
  optional string name = 1; optional string type = 2; repeated string bottom = 3; repeated string top = 4;
  repeated BlobProto blobs = 7;
  optional BatchNormParameter batch_norm_param = 139;
  optional ConvolutionParameter convolution_param = 106;
  optional InnerProductParameter inner_product_param = 117;
  optional PoolingParameter pooling_param = 121;
  optional ScaleParameter scale_param = 142;
}
message V1LayerParameter {
  repeated string bottom = 2; repeated string top = 3; optional string name = 4; optional int32 type = 5;
  repeated BlobProto blobs = 6;
  repeated float blobs_lr = 7;
  optional ConvolutionParameter convolution_param = 10;
  optional InnerProductParameter inner_product_param = 17;
  optional PoolingParameter pooling_param = 19;
}
message BatchNormParameter { optional float eps = 3; }
message ConvolutionParameter {
  optional uint32 num_output = 1; repeated uint32 pad = 3; repeated uint32 kernel_size = 4; repeated uint32 stride = 6;
}
message InnerProductParameter { optional uint32 num_output = 1; optional bool transpose = 6; }
message PoolingParameter { optional int32 pool = 1; optional uint32 kernel_size = 2; optional uint32 stride = 3; }
message ScaleParameter { optional bool bias_term = 4; }
"""
V1_TYPES = {"Convolution": 4, "Dropout": 6, "InnerProduct": 14, "Pooling": 17, "ReLU": 18, "Softmax": 20}


def caffe_messages(folder, packed):
    """The module that protoc makes; with `packed` False as Caffe wrote before 2014."""
    module = f"caffe_{'packed' if packed else 'unpacked'}"
    with open(os.path.join(folder, module + ".proto"), "w", encoding="ascii") as out:
        out.write((CAFFE_PROTO % {"packed": str(packed).lower()}).replace(
            "message BlobShape", f"package {module};\nmessage BlobShape", 1))
    subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={folder}", module + ".proto"], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module(module + "_pb2")


class CaffeNet:
    def __init__(self, messages, name, old=False, double=False):
        self.net = messages.NetParameter(name=name)
        self.net.input.append("data")
        self.net.input_dim.extend([10, 3, 224, 224])
        self.old, self.double, self.value = old, double, "data"

    def add(self, name, kind, blobs=(), top=None):
        """In place unless `top` is given."""
        layer = self.net.layers.add() if self.old else self.net.layer.add()
        layer.name, layer.type = name, V1_TYPES[kind] if self.old else kind
        layer.bottom.append(self.value)
        self.value = top or self.value
        layer.top.append(self.value)
        for array in blobs:
            blob = layer.blobs.add()
            if self.old:
                blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - array.ndim) + array.shape
            else:
                blob.shape.dim.extend(array.shape)
            (blob.double_data if self.double else blob.data).extend(array.ravel().tolist())
        return layer

    def convolutions(self, layers, epsilon=None):
        for layer in pooled(layers):
            if layer is None:
                number = self.value[4]
                pool = self.add("pool" + number, "Pooling", top="pool" + number).pooling_param
                pool.pool, pool.kernel_size, pool.stride = 0, 2, 2
                continue
            name = layer["name"]
            conv = self.add(name, "Convolution", (layer["weight"], layer["bias"]), top=name).convolution_param
            conv.num_output = len(layer["bias"])
            conv.pad.append(1)
            conv.kernel_size.append(3)
            if "gamma" in layer:
                count = np.array([1000.0], np.float32)
                norm = self.add(name + "/bn", "BatchNorm", (layer["mean"] * count, layer["variance"] * count, count))
                norm.batch_norm_param.eps = epsilon
                self.add(name + "/scale", "Scale", (layer["gamma"], layer["beta"])).scale_param.bias_term = True
            self.add("relu" + name[4:], "ReLU")

    def head(self, head):
        for layer in head:
            name = layer["name"]
            linear = self.add(name, "InnerProduct", (layer["weight"], layer["bias"]), top=name)
            linear.inner_product_param.num_output = len(layer["bias"])
            if name != "fc8":
                self.add("relu" + name[2:], "ReLU")
                self.add("drop" + name[2:], "Dropout")
        self.add("prob", "Softmax", top="prob")

    def save(self, name):
        with open(data(name + ".caffemodel"), "wb") as out:
            out.write(self.net.SerializeToString())


def make_caffe():
    with tempfile.TemporaryDirectory() as folder:
        packed, unpacked = caffe_messages(folder, True), caffe_messages(folder, False)
    head = small_head(342)

    layers = small_vgg("vgg19", 341)
    net = CaffeNet(packed, "VGG_ILSVRC_19_layers")
    net.convolutions(layers)
    net.head(head)
    net.save("caffe_vgg19")
    write_expected("caffe_vgg19", layers, head, CAFFE)

    # As the Visual Geometry Group's own files of 2014, and with a tag before each number, as older ones.
    layers = small_vgg("vgg16", 343)
    net = CaffeNet(unpacked, "VGG_ILSVRC_16_layers", old=True)
    net.convolutions(layers)
    net.head(head)
    net.save("caffe_vgg16_old")
    write_expected("caffe_vgg16_old", layers, head, CAFFE)

    # Trained by a Caffe of doubles, with batch normalisation, the head cut off.
    layers = small_vgg("vgg13", 344, batch_norm=True)
    for layer in layers:  # so that mean · count / count is the mean again
        layer["mean"], layer["variance"] = (np.round(layer[k] * 64) / 64 for k in ("mean", "variance"))
    net = CaffeNet(packed, "vgg13_bn", double=True)
    net.convolutions(layers, epsilon=1e-4)
    net.save("caffe_vgg13_bn")
    write_expected("caffe_vgg13_bn", layers, (), CAFFE, epsilon=float(np.float32(1e-4)))


# ---- TensorFlow.js

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


# ---- Seeds for fuzzing: one block of two convolutions, a few hundred bytes

def make_tiny():
    os.makedirs(data("tiny"), exist_ok=True)
    layers, head = small_vgg("vgg13", 361, widths=(2, 2, 2, 2, 2))[:2], small_head(362, inputs=2, sizes=(2, 2, 2))
    export("tiny/torch", layers, head)
    keras_onnx("tiny/keras", layers, head)
    layers = small_vgg("vgg13", 363, batch_norm=True, widths=(2, 2, 2, 2, 2))[:2]
    export("tiny/torch_bn", layers, head, training=torch.onnx.TrainingMode.PRESERVE)
    with tempfile.TemporaryDirectory() as folder:
        packed, unpacked = caffe_messages(folder, True), caffe_messages(folder, False)
    for name, messages, old in (("tiny/net", packed, False), ("tiny/old", unpacked, True)):
        net = CaffeNet(messages, "tiny", old=old)
        net.convolutions([{k: v for k, v in layer.items() if k not in NORM or not old} for layer in layers], 1e-4)
        net.head(head)
        net.save(name)
    # Without numbers, and so without shards, which a fuzzer cannot provide.
    empty = [{key: value if key == "name" else value[:0] for key, value in layer.items()} for layer in layers]
    save_tfjs("tiny/plain", empty, [])
    save_tfjs("tiny/nested", empty, [], "float16", nested=True, separate=True)


if __name__ == "__main__":
    make_torch()
    make_keras()
    make_zoo()
    make_types()
    make_caffe()
    make_tfjs()
    make_tiny()
