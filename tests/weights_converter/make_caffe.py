"""Writes the Caffe test files of weights_converter/graphs.

Run with a Python that has torch, numpy and protobuf, and with protoc (Debian 12: python3-torch,
python3-protobuf, protobuf-compiler). Google's protobuf writes them, from the messages of BVLC/caffe's
caffe.proto that they need.
"""
import importlib
import os
import subprocess
import sys
import tempfile

import numpy as np

from features import write_expected
from network import CAFFE, small_vgg
from test_files import NORM, data, pooled, small_head, tiny_net

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


def make_tiny():
    layers, head = tiny_net(363, batch_norm=True)
    with tempfile.TemporaryDirectory() as folder:
        packed, unpacked = caffe_messages(folder, True), caffe_messages(folder, False)
    for name, messages, old in (("tiny/net", packed, False), ("tiny/old", unpacked, True)):
        net = CaffeNet(messages, "tiny", old=old)
        net.convolutions([{k: v for k, v in layer.items() if k not in NORM or not old} for layer in layers], 1e-4)
        net.head(head)
        net.save(name)


if __name__ == "__main__":
    make_caffe()
    make_tiny()
