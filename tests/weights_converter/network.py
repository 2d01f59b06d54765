"""Small VGG networks with random weights, and PyTorch's features of a picture: what the scripts beside
this one write into files of every format, and what must come out of them again.

Run the scripts with a Python that has torch and numpy (Debian: python3-torch, python3-numpy).
"""
import numpy as np
import torch

CONVS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (2, 4, 8, 16, 16)
TORCHVISION = {"order": "RGB", "scale": 1.0, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CAFFE = {"order": "BGR", "scale": 255.0, "mean": (103.939, 116.779, 123.68), "std": (1.0, 1.0, 1.0)}
HEIGHT, WIDTH = 24, 20  # small, not square; block 5 is left with one pixel
TAPPED = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def picture():
    """RGB, [height, width, 3], values in [0, 1]. The tests compute the same by the same formula."""
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")
    return ((7 * x + 13 * y + 29 * c + x * y) % 256) / 255.0


def small_vgg(architecture, seed, batch_norm=False, widths=WIDTHS):
    """The convolutions in order: dictionaries with name ("conv1_1"), weight [out, in, 3, 3], bias [out]
    and, with batch_norm, gamma, beta, mean, variance [out]; all f32."""
    random = np.random.RandomState(seed)
    layers, channels = [], 3
    for block, (count, width) in enumerate(zip(CONVS[architecture], widths), 1):
        for index in range(1, count + 1):
            deviation = np.sqrt(2.0 / (9 * channels))
            layer = {
                "name": f"conv{block}_{index}",
                "weight": (random.randn(width, channels, 3, 3) * deviation).astype(np.float32),
                "bias": (random.randn(width) * 0.1).astype(np.float32),
            }
            if batch_norm:
                layer["gamma"] = random.uniform(0.5, 1.5, width).astype(np.float32)
                layer["beta"] = (random.randn(width) * 0.1).astype(np.float32)
                layer["mean"] = (random.randn(width) * 0.1).astype(np.float32)
                layer["variance"] = random.uniform(0.5, 1.5, width).astype(np.float32)
            layers.append(layer)
            channels = width
    return layers


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
