"""Packaging of tfhand. Metadata that `pip` needs; test settings are in setup.cfg."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def read_version() -> str:
    """Returns `__version__` of tfhand/version.py without importing the package."""
    text = (ROOT / "tfhand" / "version.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if match is None:
        raise RuntimeError("tfhand/version.py has no line `__version__ = \"...\"`")
    return match.group(1)


INSTALL_REQUIRES = [
    "tensorflow>=2.21,<2.22",
    "keras>=3.15,<4",
    "numpy>=2.0",
    "scipy>=1.13",
    "opencv-python-headless>=4.11",
    "pillow>=10.3",
    "safetensors>=0.5",
    "array-record>=0.8",
    "jsonargparse[signatures]>=4.40",
    "tqdm>=4.66",
    "matplotlib>=3.9",
    "tensorboard>=2.20",
    # The rasteriser's C++ source and its Python front. The last release asks for tensorflow-addons,
    # whose wheels end at Python 3.11; prediction, training on existing shards and export do without.
    "tensorflow-graphics==2021.12.3; python_version < '3.12'",
    # Their sample photographs stand behind the synthetic hands.
    "scikit-image>=0.25",
    "scikit-learn>=1.5",
]

EXTRAS_REQUIRE = {
    "test": ["pytest>=8", "pytest-xdist>=3.6", "jax>=0.5"],
    # The last two are needed by tensorflow-datasets: by its import, and by its command `tfds`.
    "beam": ["tensorflow-datasets>=4.9.10", "apache-beam>=2.70", "importlib_resources>=6", "mlcroissant>=1.0.9"],
    "export": ["ai-edge-litert>=2.1", "tf2onnx>=1.17", "onnx>=1.17", "onnxruntime>=1.22"],
    # The weights-only loader, for state dicts that export/release/state_dict.py can't read itself.
    "pytorch": ["torch>=2.6"],
}

setup(
    name="tfhand",
    version=read_version(),
    description="A 3D hand mesh, pose and joints from one RGB photograph: TensorFlow, Keras 3, TFLite.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "ASSETS.md"],
    packages=[
        *find_packages(include=["tfhand", "tfhand.*", "trainers", "trainers.*", "export", "export.*"]),
        "configs",  # beside trainers/, which reads its default from there
    ],
    include_package_data=False,
    package_data={
        "tfhand": [
            "assets/**/*",
            "layers/kernels/*.cc",
            "layers/kernels/*.h",
            "rendering/*.cc",
            "synthetic/*.cc",
            "rendering/*.h",
            "synthetic/inspect/*.html",
            "synthetic/inspect/*.js",
        ],
        "configs": ["*.yaml"],
    },
    python_requires=">=3.11,<3.14",
    install_requires=INSTALL_REQUIRES,
    extras_require=EXTRAS_REQUIRE,
    entry_points={"console_scripts": ["tfhand = tfhand.cli:main"]},
    zip_safe=False,
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
)
