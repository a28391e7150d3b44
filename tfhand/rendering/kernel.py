"""Builds the rasteriser of tensorflow-graphics from the source in its own wheel, once per user, and loads it.

The compiled file in the wheel doesn't load on TensorFlow >= 2.8, but the C++ source beside it compiles
anywhere. Two forms of it are built on demand:

* `load_library()`: the bare rasteriser behind a C function, for NumPy arrays (`rasterizer.py`). Needs neither
  TensorFlow nor its ABI, runs without the GIL, and is safe in forked workers.
* `load_op()`: the TensorFlow op, put where `tensorflow_graphics.rendering` looks for it.

Where they are kept, and when they are built anew: `tfhand.compiled`.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from tfhand.compiled import KernelError, build

_FOLDER = Path(__file__).parent
_OWN_SOURCES = tuple(
    _FOLDER / f"{name}.cc"
    for name in ("bridge", "visibility", "samples", "surface", "look", "shadows", "shade", "photograph")
) + (_FOLDER.parent / "synthetic" / "collision.cc",)
_OWN_HEADERS = tuple(_FOLDER / f"{name}.h" for name in ("kernel", "shadows"))
#: Loops run in vector registers without changing results: no sum is reordered, no product fused with a sum.
_FLAGS = ("-O3", "-shared", "-fPIC", "-std=c++17", "-fno-fast-math", "-ffp-contract=off", "-fno-math-errno",
          "-fno-trapping-math")  # fmt: skip
#: Arguments of the library's functions: a pointer to an array, 32-bit integer, 64-bit integer, 32-bit and 64-bit float.
_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int32, "l": ctypes.c_int64, "f": ctypes.c_float, "d": ctypes.c_double}
_SIGNATURES = {
    "tfhand_rasterize": "pppiiippp",
    "tfhand_visibility": "ppipiifppppp",
    "tfhand_sort_pixels": "ppppiiifppppp",
    "tfhand_list_samples": "pppiiipppppp",
    "tfhand_resolve": "ppiip",
    "tfhand_frames": "ppipipp",
    "tfhand_surface_at": "pipppplfpp",
    "tfhand_look": "ppppplp",
    "tfhand_depth_map": "pipippfip",
    "tfhand_lit_share": "pplp",
    "tfhand_ambient": "ppipipipppfifffpp",
    "tfhand_compose": "ppppflp",
    "tfhand_expose": "piipffplffpifp",
    "tfhand_shade": "lppippppppippppifpp",
    "tfhand_balls": "ppppiipp",
    "tfhand_contacts": "pppidpppp",
}
_OP_MODULE = "tensorflow_graphics.rendering.kernels.gen_rasterizer_op"


@functools.cache
def load_library() -> ctypes.CDLL:
    """Builds (the first time) and loads the rasteriser as a plain shared library.

    Returns:
        The library, with the argument types of its functions (the .cc files of this package) declared.

    Raises:
        KernelError: no compiler, no tensorflow-graphics, or the compiler failed.
    """
    folder = source_folder()
    headers = (*_OWN_HEADERS, folder / "rasterize_triangles_impl.h")
    sources = [folder / "rasterize_triangles_impl.cc", *_OWN_SOURCES]
    path = build("rasterizer", "rasteriser", sources, [*_FLAGS, f"-I{folder}"], headers)
    library = ctypes.CDLL(str(path))
    for name, types in _SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = [_TYPES[letter] for letter in types], None
    return library


def call(name: str, *arguments: np.ndarray | float) -> None:
    """Calls a function of the library, with arrays in place of its pointers.

    Raises:
        ValueError: an array that isn't contiguous.
    """
    plain = []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            if not argument.flags.c_contiguous:
                raise ValueError(f"{name}: expected contiguous arrays, got strides {argument.strides}.")
            argument = argument.ctypes.data
        plain.append(argument)
    getattr(load_library(), name)(*plain)


@functools.cache
def load_op() -> ModuleType:
    """Builds (the first time) and loads the TensorFlow op, and puts it where tensorflow-graphics looks.

    Afterwards `tensorflow_graphics.rendering.triangle_rasterizer` and its siblings work with their CPU
    backend. Imports TensorFlow.

    Returns:
        The op module, with `rasterize_triangles(vertices, triangles, image_width, image_height, num_layers,
        face_culling_mode)`.

    Raises:
        KernelError: no compiler, no tensorflow-graphics, or the compiler failed.
    """
    import tensorflow as tf

    folder = source_folder()
    sources = [folder / "rasterize_triangles_impl.cc", folder / "rasterize_triangles_op.cc"]
    flags = [*_FLAGS, f"-I{folder}", *tf.sysconfig.get_compile_flags()]
    headers = [folder / "rasterize_triangles_impl.h"]
    path = build("rasterizer_op", "rasteriser", sources, flags, headers, tf.sysconfig.get_link_flags(), tf.__version__)
    module = tf.load_op_library(str(path))
    sys.modules[_OP_MODULE] = module
    return module


def source_folder() -> Path:
    """Returns the folder of the kernel's C++ source inside the installed tensorflow-graphics.

    Raises:
        KernelError: tensorflow-graphics is not installed, or comes without the source.
    """
    spec = importlib.util.find_spec("tensorflow_graphics")
    if spec is None or not spec.submodule_search_locations:
        raise KernelError(
            "The rasteriser needs the C++ source that comes with tensorflow-graphics, which is not installed. "
            "Install it with `pip install --no-deps tensorflow-graphics==2021.12.3`."
        )
    folder = Path(spec.submodule_search_locations[0]) / "rendering" / "kernels"
    for name in ("impl.cc", "impl.h", "op.cc"):
        source = folder / f"rasterize_triangles_{name}"
        if not source.is_file():
            raise KernelError(
                f"The installed tensorflow-graphics has no {source}. Expected version 2021.12.3 from PyPI: "
                "`pip install --force-reinstall tensorflow-graphics==2021.12.3`."
            )
    return folder
