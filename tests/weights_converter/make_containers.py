"""Writes the test files of weights_converter/containers: Keras' HDF5 files and MatConvNet's MATLAB files.

Run with a Python that has torch, numpy, h5py, scipy and keras (3.x, on the torch backend):
    KERAS_BACKEND=torch python3 make_containers.py
Keras 3 writes its own files, and old whole models. The files of Keras 1 and 2, which need a TensorFlow of
their time, and MATLAB 7.3 files, which only MATLAB writes, are written with h5py as their writers write
them. Files of names ending in .f32 hold the expected numbers, raw and little-endian: of every convolution
the weights [out, in, 3, 3], then the biases; then of every fully connected layer the weights
[out, in], then the biases.
"""
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import h5py
import keras
import numpy as np
import scipy.io

from network import CAFFE, CONVS, small_vgg, write_features

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
MATCONVNET = {"order": "RGB", "scale": 255.0, "mean": (123.68, 116.779, 103.939), "std": (1.0, 1.0, 1.0)}
AVERAGED = {"order": "RGB", "scale": 255.0, "mean": (120.0, 110.0, 100.0), "std": (1.0, 1.0, 1.0)}
WIDTHS = (2, 3, 5, 7, 11)


def data(name):
    return os.path.join(DATA, name)


def hwio(layer):
    return np.ascontiguousarray(layer["weight"].transpose(2, 3, 1, 0))


def small_head(inputs, seed):
    """Three fully connected layers: weight [out, in], bias [out]."""
    random = np.random.RandomState(seed)
    sizes = (inputs, 8, 8, 4)
    return [{"name": name, "weight": random.randn(o, i).astype(np.float32), "bias": random.randn(o).astype(np.float32)}
            for name, i, o in zip(("fc1", "fc2", "predictions"), sizes, sizes[1:])]


def write_expected(name, layers, head=()):
    with open(data(name + ".f32"), "wb") as out:
        for layer in (*layers, *head):
            out.write(layer["weight"].tobytes() + layer["bias"].tobytes())


def keras_names(architecture):
    """block1_conv1, …, each block ending in a pooling layer, in network order."""
    for block, count in enumerate(CONVS[architecture], 1):
        yield from (f"block{block}_conv{i}" for i in range(1, count + 1))
        yield f"block{block}_pool"


def fixed(names):
    return np.array([name.encode() for name in names])


def write_keras_2(path, architecture, layers, **options):
    """What save_weights of Keras 2 writes. Groups are made in an order that is not the network's."""
    by_name = dict(zip((n for n in keras_names(architecture) if "conv" in n), layers))
    names = ["input_1", *keras_names(architecture)]
    with h5py.File(path, "w") as out:
        out.attrs.update(layer_names=fixed(names), backend=b"tensorflow", keras_version=b"2.3.1")
        for name in reversed(names):
            group = out.create_group(name)
            weights = [f"{name}/kernel:0", f"{name}/bias:0"] if name in by_name else []
            group.attrs["weight_names"] = fixed(weights) if weights else np.array([], "S1")
            if weights:
                group.create_dataset(weights[0], data=hwio(by_name[name]), **options)
                group.create_dataset(weights[1], data=by_name[name]["bias"], **options)


def write_keras_1(path, architecture, layers):
    """vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 and its like."""
    by_name = dict(zip((n for n in keras_names(architecture) if "conv" in n), layers))
    names = ["input_1", *keras_names(architecture)]
    with h5py.File(path, "w") as out:
        out.attrs["layer_names"] = fixed(names)
        for name in names:
            group = out.create_group(name)
            weights = [f"{name}_W_1:0", f"{name}_b_1:0"] if name in by_name else []
            group.attrs["weight_names"] = fixed(weights) if weights else np.array([], "S1")
            if weights:
                group.create_dataset(weights[0], data=hwio(by_name[name]))
                group.create_dataset(weights[1], data=by_name[name]["bias"])


def keras_layers(architecture, layers):
    by_name = dict(zip((n for n in keras_names(architecture) if "conv" in n), layers))
    for name in keras_names(architecture):
        if name in by_name:
            yield keras.layers.Conv2D(len(by_name[name]["bias"]), 3, padding="same", activation="relu", name=name)
        else:
            yield keras.layers.MaxPooling2D(2, name=name)


def set_weights(model, layers, head=()):
    weights = {name: [hwio(layer), layer["bias"]] for name, layer in zip(
        (layer.name for layer in model.layers if "conv" in layer.name), layers)}
    weights.update({layer["name"]: [np.ascontiguousarray(layer["weight"].T), layer["bias"]] for layer in head})
    for layer in model.layers:
        if layer.name in weights:
            layer.set_weights(weights[layer.name])


def write_keras_3(path, architecture, layers):
    model = keras.Sequential([keras.layers.Input((32, 32, 3)), *keras_layers(architecture, layers)])
    set_weights(model, layers)
    model.save_weights(path)


def write_keras_model(path, architecture, layers, head):
    """A whole trained model, with classifier and the optimiser's state, as save() writes it into an .h5."""
    dense = [keras.layers.Dense(len(layer["bias"]), name=layer["name"]) for layer in head]
    model = keras.Sequential(
        [keras.layers.Input((32, 32, 3)), *keras_layers(architecture, layers), keras.layers.Flatten(), *dense])
    model.compile(optimizer=keras.optimizers.SGD(momentum=0.9), loss="mse")
    model.fit(np.zeros((1, 32, 32, 3), np.float32), np.zeros((1, 4), np.float32), verbose=0)
    set_weights(model, layers, head)
    model.save(path)


class Edges(keras.Model):
    """Blocks of a VGG with a 1×1 convolution after each, as edge detectors have."""

    def __init__(self, architecture, layers):
        super().__init__()
        made, self.blocks_made = list(keras_layers(architecture, layers)), []
        for number, count in enumerate(CONVS[architecture], 1):
            parts = [made.pop(0) for _ in range(count + 1)]
            block = keras.Sequential(parts)
            setattr(self, f"block{number}", block)
            setattr(self, f"dsn{number}", keras.layers.Conv2D(1, 1))

    def call(self, x):
        total = 0
        for number in range(1, 6):
            x = getattr(self, f"block{number}")(x)
            total += keras.ops.sum(getattr(self, f"dsn{number}")(x))
        return total


def write_keras_nested(path, architecture, layers):
    model = Edges(architecture, layers)
    model(np.zeros((1, 32, 32, 3), np.float32))
    numbers = iter(layers)
    for block in range(1, 6):
        for layer in getattr(model, f"block{block}").layers:
            if "conv" in layer.name:
                numbered = next(numbers)
                layer.set_weights([hwio(numbered), numbered["bias"]])
    model.save_weights(path)


def write_keras_normalised(path):
    parts = []
    for width in (2, 2, 2):
        parts += [keras.layers.Conv2D(width, 3, padding="same"), keras.layers.BatchNormalization()]
    keras.Sequential([keras.layers.Input((8, 8, 3)), *parts]).save_weights(path)


def write_refused_hdf5():
    folder = os.path.join(DATA, "refused")
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    with h5py.File(os.path.join(folder, "external_storage.h5"), "w") as out:
        out.create_dataset("conv2d/kernel:0", kernel.shape, np.float32, external=[("/etc/passwd", 0, kernel.nbytes)])
    with h5py.File(os.path.join(folder, "virtual.h5"), "w") as out:
        layout = h5py.VirtualLayout(kernel.shape, np.float32)
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", kernel.shape)
        out.create_virtual_dataset("conv2d/kernel:0", layout)
    with h5py.File(os.path.join(folder, "huge.h5"), "w") as out:
        out.create_dataset("conv2d/kernel:0", (1 << 40,), np.float32, chunks=(4,))[0] = 1
    with h5py.File(os.path.join(folder, "beyond.h5"), "w") as out:
        out.create_dataset("conv2d/kernel:0", (1 << 62, 1 << 62), np.float32, chunks=(1, 1))
    with h5py.File(os.path.join(folder, "empty.h5"), "w") as out:
        out.create_dataset("conv2d/kernel:0", kernel.shape, np.float32)  # never written
    with h5py.File(os.path.join(folder, "lzf.h5"), "w") as out:
        out.create_dataset("conv2d/kernel:0", data=kernel, compression="lzf")
    with h5py.File(os.path.join(folder, "deep.h5"), "w") as out:
        group = out
        for _ in range(40):
            group = group.create_group("g")
    with h5py.File(os.path.join(folder, "control.h5"), "w") as out:
        out.create_dataset("conv\x1b[2J", data=kernel)
    with h5py.File(os.path.join(folder, "theano_shape.h5"), "w") as out:
        out.create_dataset("layer_1/param_0", data=np.zeros((2, 3, 3, 3), np.float32))
    with h5py.File(os.path.join(folder, "theano_backend.h5"), "w") as out:
        out.attrs["backend"] = b"theano"
        out.create_dataset("conv2d/kernel:0", data=kernel)
    write_keras_normalised(os.path.join(folder, "normalised.weights.h5"))
    with h5py.File(data("keras_links.h5"), "w") as out:
        out.create_dataset("a/conv2d/kernel:0", data=kernel)
        out["a/back"] = out["/"]
        out["soft"] = h5py.SoftLink("/a/conv2d")
        out["outside"] = h5py.ExternalLink("/etc/passwd", "/")


def matlab_cells(values):
    cells = np.empty((1, len(values)), object)
    cells[0, :] = values
    return cells


def matlab_layers(layers, head, height, width, old):
    """The list of structures that MatConvNet's vl_simplenn takes."""
    found, by_name = [], {layer["name"]: layer for layer in layers}
    convs = [("conv", layer["name"], hwio(layer), layer["bias"]) for layer in layers]
    for layer in head:
        shape = (len(layer["bias"]), WIDTHS[-1], height, width) if layer is head[0] else (*layer["weight"].shape, 1, 1)
        weight = layer["weight"].reshape(shape).transpose(2, 3, 1, 0)
        convs.append(("conv", "fc" + str(6 + len(convs) - len(by_name)), weight, layer["bias"]))
    for kind, name, filters, biases in convs:
        structure = {"type": kind, "name": name, "stride": 1.0, "pad": 1.0}
        if old:
            structure.update(filters=filters, biases=biases[None])
        else:
            structure["weights"] = matlab_cells([filters, biases[:, None]])
        found += [structure, {"type": "relu", "name": "relu" + name}]
    found.append({"type": "softmax", "name": "prob"})
    return matlab_cells(found)


def write_matconvnet(path, layers, compressed, normalization=None, head=(), old=False, double=False):
    if double:
        layers = [{**layer, "weight": layer["weight"].astype(np.float64)} for layer in layers]
    contents = {"layers": matlab_layers(layers, head, 2, 3, old)}
    if normalization is not None:
        contents.update({"normalization": normalization} if old else {"meta": {"normalization": normalization}})
    scipy.io.savemat(path, contents, do_compression=compressed, long_field_names=True)


class Matlab73:
    """Just enough of MATLAB's layout of HDF5: cells are references into #refs#, structures are groups."""

    def __init__(self, path):
        self.path = path
        self.file = h5py.File(path, "w", userblock_size=512)
        self.references = self.file.create_group("#refs#")

    @staticmethod
    def set_class(node, text):
        """MATLAB writes the class as a C string without its closing zero."""
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(len(text))
        attribute = h5py.h5a.create(node.id, b"MATLAB_class", kind, h5py.h5s.create(h5py.h5s.SCALAR))
        attribute.write(np.array(text.encode(), f"S{len(text)}"), kind)

    def put(self, parent, name, value):
        if isinstance(value, dict):
            node = parent.create_group(name)
            self.set_class(node, "struct")
            for key, field in value.items():
                self.put(node, key, field)
        elif isinstance(value, str):
            node = parent.create_dataset(name, data=np.array([[ord(c)] for c in value], np.uint16))
            self.set_class(node, "char")
            node.attrs["MATLAB_int_decode"] = np.int32(2)
        elif value.dtype == object:
            elements = [self.put(self.references, f"r{len(self.references)}", v) for v in value.ravel()]
            node = parent.create_dataset(name, (len(elements), 1), h5py.ref_dtype)
            for i, element in enumerate(elements):
                node[i, 0] = element.ref
            self.set_class(node, "cell")
        else:
            value = np.atleast_2d(value)
            node = parent.create_dataset(name, data=value.transpose(range(value.ndim)[::-1]))
            self.set_class(node, "single" if value.dtype == np.float32 else "double")
        return node

    def close(self):
        self.file.close()
        text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  1 00:00:00 2015 HDF5 schema 1.00 ."
        with open(self.path, "r+b") as out:
            out.write(text.ljust(116) + bytes(8) + b"\x00\x02IM")


def write_matconvnet_73(path, layers, normalization):
    out = Matlab73(path)
    cells = matlab_layers(layers, (), 1, 1, old=False)
    for structure in cells[0]:
        structure.update((k, np.float64(v)) for k, v in structure.items() if isinstance(v, float))
    out.put(out.file, "layers", cells)
    out.put(out.file, "meta", {"normalization": normalization})
    out.close()


def main():
    vgg11, vgg16, vgg19 = (small_vgg(name, seed, widths=WIDTHS)
                           for name, seed in (("vgg11", 11), ("vgg16", 16), ("vgg19", 19)))
    head, wide_head = small_head(WIDTHS[-1], 5), small_head(WIDTHS[-1] * 2 * 3, 6)
    write_expected("containers_vgg11", vgg11, head)
    write_expected("containers_vgg11_wide", (), wide_head)
    write_expected("containers_vgg16", vgg16)
    write_expected("containers_vgg19", vgg19)

    write_keras_2(data("keras2_vgg16_notop.h5"), "vgg16", vgg16)
    write_keras_1(data("keras1_vgg19.h5"), "vgg19", vgg19)
    write_keras_2(data("keras2_vgg11_packed.h5"), "vgg11", vgg11, dtype=">f4", chunks=True, compression="gzip",
                  shuffle=True, fletcher32=True)
    write_keras_model(data("keras3_vgg11_model.h5"), "vgg11", vgg11, head)
    write_keras_3(data("keras3_vgg19.weights.h5"), "vgg19", vgg19)
    write_keras_nested(data("keras3_vgg16_nested.weights.h5"), "vgg16", vgg16)
    write_refused_hdf5()

    average = np.zeros((1, 1, 3), np.float32) + np.float32([120, 110, 100])
    picture = np.zeros((4, 5, 3), np.float32) + np.float32([120, 110, 100])
    picture[:2] += 1
    picture[2:] -= 1
    write_matconvnet(data("matconvnet_vgg19.mat"), vgg19, True, {"averageImage": average})
    write_matconvnet(data("matconvnet_vgg11_old.mat"), vgg11, False, {"averageImage": picture}, wide_head, old=True)
    write_matconvnet(data("matconvnet_vgg11_double.mat"), vgg11, True, double=True)
    write_matconvnet_73(data("matconvnet_vgg11_73.mat"), vgg11, {"averageImage": average})
    write_matconvnet(data("matconvnet_tiny.mat"), vgg11[:1], False)
    write_matconvnet(data("matconvnet_tiny_packed.mat"), vgg11[:1], True)
    write_matconvnet_73(data("matconvnet_tiny_73.mat"), vgg11[:1], {})
    scipy.io.savemat(data("refused/no_layers.mat"), {"x": np.zeros((2, 2))})

    for name, layers, feeding in (
            ("keras2_vgg16_notop.h5", vgg16, CAFFE), ("keras1_vgg19.h5", vgg19, CAFFE),
            ("keras2_vgg11_packed.h5", vgg11, CAFFE), ("keras3_vgg11_model.h5", vgg11, CAFFE),
            ("keras3_vgg19.weights.h5", vgg19, CAFFE), ("keras3_vgg16_nested.weights.h5", vgg16, CAFFE),
            ("matconvnet_vgg19.mat", vgg19, AVERAGED), ("matconvnet_vgg11_old.mat", vgg11, AVERAGED),
            ("matconvnet_vgg11_double.mat", vgg11, MATCONVNET), ("matconvnet_vgg11_73.mat", vgg11, AVERAGED)):
        write_features(data(os.path.splitext(name)[0] + ".features"), layers, feeding)


if __name__ == "__main__":
    main()
