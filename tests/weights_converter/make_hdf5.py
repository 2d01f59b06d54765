"""Writes HDF5 files that no Keras writes, but that HDF5 allows: for weights_converter/containers to read or refuse.

Run with a Python that has h5py (Debian 12: python3-h5py 3.7.0).
"""
import os

import h5py
import numpy as np

from test_files import DATA, container_vgg, data, keras_name, keras_weights, pooled

KERNEL = np.zeros((3, 3, 3, 2), np.float32)


def write_packed(path, layers):
    """As Keras 2 names things, but in chunks, compressed, with checksums, big-endian; and the groups in an order
    that is not the network's."""
    options = {"dtype": ">f4", "chunks": True, "compression": "gzip", "shuffle": True, "fletcher32": True}
    by_name, block = {}, 1
    for layer in pooled(layers):
        by_name[f"block{block}_pool" if layer is None else keras_name(layer)] = layer
        block += layer is None
    with h5py.File(path, "w") as out:
        out.attrs.update(layer_names=np.array(list(by_name), "S"), backend=b"tensorflow", keras_version=b"2.3.1")
        for name, layer in reversed(list(by_name.items())):
            group = out.create_group(name)
            weights = [] if layer is None else [f"{name}/kernel:0", f"{name}/bias:0"]
            group.attrs["weight_names"] = np.array(weights, "S") if weights else np.array([], "S1")
            for weight, numbers in zip(weights, keras_weights(layer) if layer else ()):
                group.create_dataset(weight, data=numbers, **options)


def write_links(path):
    with h5py.File(path, "w") as out:
        out.create_dataset("a/conv2d/kernel:0", data=KERNEL)
        out["a/back"] = out["/"]
        out["soft"] = h5py.SoftLink("/a/conv2d")
        out["outside"] = h5py.ExternalLink("/etc/passwd", "/")


def refused(name):
    return h5py.File(os.path.join(DATA, "refused", name), "w")


def write_refused_storage():
    with refused("external_storage.h5") as out:
        out.create_dataset("conv2d/kernel:0", KERNEL.shape, np.float32, external=[("/etc/passwd", 0, KERNEL.nbytes)])
    with refused("virtual.h5") as out:
        layout = h5py.VirtualLayout(KERNEL.shape, np.float32)
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", KERNEL.shape)
        out.create_virtual_dataset("conv2d/kernel:0", layout)
    with refused("huge.h5") as out:
        out.create_dataset("conv2d/kernel:0", (1 << 40,), np.float32, chunks=(4,))[0] = 1
    with refused("beyond.h5") as out:
        out.create_dataset("conv2d/kernel:0", (1 << 62, 1 << 62), np.float32, chunks=(1, 1))
    with refused("empty.h5") as out:
        out.create_dataset("conv2d/kernel:0", KERNEL.shape, np.float32)  # never written
    with refused("lzf.h5") as out:
        out.create_dataset("conv2d/kernel:0", data=KERNEL, compression="lzf")


def write_refused_contents():
    with refused("deep.h5") as out:
        group = out
        for _ in range(40):
            group = group.create_group("g")
    with refused("control.h5") as out:
        out.create_dataset("conv\x1b[2J", data=KERNEL)
    with refused("theano_shape.h5") as out:
        out.create_dataset("layer_1/param_0", data=np.zeros((2, 3, 3, 3), np.float32))
    with refused("theano_backend.h5") as out:
        out.attrs["backend"] = b"theano"
        out.create_dataset("conv2d/kernel:0", data=KERNEL)


def main():
    write_packed(data("keras2_vgg11_packed.h5"), container_vgg("vgg11"))
    write_links(data("keras_links.h5"))
    write_refused_storage()
    write_refused_contents()


if __name__ == "__main__":
    main()
