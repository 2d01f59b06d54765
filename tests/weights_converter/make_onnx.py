"""Writes the ONNX test files of weights_converter/graphs.

Run with a Python that has torch 1.13, numpy and onnx (Debian 12: python3-torch, python3-onnx). PyTorch
exports its files itself; those of tf2onnx and the model zoo are put together with the library onnx as
their writers did.
"""
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from features import write_expected
from network import CAFFE, TORCHVISION, small_vgg
from test_files import NORM, data, pooled, small_head, tiny_net


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


def make_tiny():
    layers, head = tiny_net(361)
    export("tiny/torch", layers, head)
    keras_onnx("tiny/keras", layers, head)
    layers, head = tiny_net(363, batch_norm=True)
    export("tiny/torch_bn", layers, head, training=torch.onnx.TrainingMode.PRESERVE)


if __name__ == "__main__":
    make_torch()
    make_keras()
    make_zoo()
    make_types()
    make_tiny()
