"""PyTorch's features of a picture, which must come out of every file that the scripts beside this one write.

Needs torch (Debian 12: python3-torch).
"""
import numpy as np
import torch

from test_files import data, write_numbers

HEIGHT, WIDTH = 24, 20  # small, not square; block 5 is left with one pixel
TAPPED = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def picture():
    """RGB, [height, width, 3], values in [0, 1]. The tests compute the same by the same formula."""
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")
    return ((7 * x + 13 * y + 29 * c + x * y) % 256) / 255.0


def features(layers, feeding, epsilon=1e-5):
    """PyTorch's f64 features after the ReLU of the TAPPED convolutions: name to [height, width, channels].
    Zero padding, ReLU, 2×2 max pooling between blocks."""
    image = picture() if feeding["order"] == "RGB" else picture()[:, :, ::-1]
    image = (feeding["scale"] * image - np.array(feeding["mean"])) / np.array(feeding["std"])
    x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[None])
    tapped, block = {}, 1
    for layer in layers:
        if int(layer["name"][4]) != block:
            block = int(layer["name"][4])
            x = torch.nn.functional.max_pool2d(x, 2)
        numbers = {k: torch.from_numpy(v.astype(np.float64)) for k, v in layer.items() if k != "name"}
        x = torch.nn.functional.conv2d(x, numbers["weight"], numbers["bias"], padding=1)
        if "gamma" in numbers:
            x = torch.nn.functional.batch_norm(
                x, numbers["mean"], numbers["variance"], numbers["gamma"], numbers["beta"], eps=epsilon)
        x = torch.relu(x)
        if layer["name"] in TAPPED:
            tapped["relu" + layer["name"][4:]] = x[0].permute(1, 2, 0).contiguous().numpy()
    return tapped


def write_features(path, layers, feeding, epsilon=1e-5):
    """Text: per tapped layer a line "relu3_1 height width channels", then a line with its values."""
    with open(path, "w", encoding="ascii") as out:
        for name, values in features(layers, feeding, epsilon).items():
            print(name, *values.shape, file=out)
            print(*(f"{v:.9g}" for v in values.ravel()), file=out)


def write_expected(name, layers, head, feeding, **options):
    """NAME.features and NAME.f32."""
    write_features(data(name + ".features"), layers, feeding, **options)
    write_numbers(name, layers, head)
