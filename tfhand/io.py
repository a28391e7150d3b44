"""Reading images that anybody may have made, and writing files that are whole or not there at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

#: Larger images are refused: 80 megapixels are 240 MB as RGB.
MAX_IMAGE_PIXELS = 80_000_000


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary name beside `path` to write to, and moves it into place at the end.

    The temporary name keeps the suffix of `path`, so that savers which choose a format by it work. A
    folder may be written there as well as a file; missing parent folders are made. If the body raises,
    what it had written is removed and an older file at `path` stays as it was.

    Args:
        path: file (or folder) to write.

    Yields:
        The temporary path; nothing exists there yet.

    Raises:
        OSError: naming `path`, when the writing failed (a full disk, say) or nothing was written.

    Example:
        >>> with atomic_path("mesh.obj") as temporary:
        ...     temporary.write_text("v 0 0 0")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{_short(path.stem)}.{uuid.uuid4().hex}.tmp{path.suffix}"
    try:
        yield temporary
        if not os.path.lexists(temporary):
            raise FileNotFoundError(f"nothing was written for {path}: expected a file at {temporary}.")
        _flush(temporary)
        _replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        if error.errno is not None and error.filename in (None, str(temporary), temporary):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    except BaseException:
        _remove(temporary)
        raise


def make_folder(path: str | os.PathLike[str], name: str = "out") -> Path:
    """Makes a folder for results, and its parents; one that exists stays as it is.

    Args:
        path: of the folder.
        name: what to call it in messages, such as the option that gave it.

    Returns:
        The folder.

    Raises:
        NotADirectoryError: there is a file at `path` or where one of its parents should be.
        OSError: it can't be made, or not be written to.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file = next(place for place in (path, *path.parents) if os.path.lexists(place))
        raise NotADirectoryError(f"{name}: expected a folder or a new name, got {path}; {file} is a file.") from None
    except OSError as error:
        raise type(error)(f"{name}: the folder {path} can't be made: {error.strerror}.") from None
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise type(error)(f"{name}: the folder {path} can't be written to: {error.strerror}.") from None
    return path


def read_image(
    path: str | os.PathLike[str], max_pixels: int = MAX_IMAGE_PIXELS, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Reads a photograph as upright 8-bit RGB, whatever it was stored as.

    The EXIF orientation is applied. Grey, palette and CMYK images become RGB; transparent pixels are
    laid over white; 16-bit values keep their upper eight bits. Of an animation the first frame counts.

    Args:
        path: any image file that Pillow reads (JPEG, PNG, WebP, TIFF, BMP, GIF, ...).
        max_pixels: images with more pixels are refused before they are decoded.
        size: (width, height) that the image must have; None takes any.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        FileNotFoundError: no such file.
        OSError: the path can't be read (a folder, no permission).
        ValueError: the file is empty, truncated, enormous, not an image, or of another size. All messages name the
            file.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no image at {path}.")
    if path.is_dir():
        raise IsADirectoryError(f"expected an image, {path} is a folder.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty (0 bytes), not an image.")
    try:
        # Given a path, Pillow maps some turned TIFF files into memory in the wrong shape.
        with open(path, "rb") as file, Image.open(file) as image:
            pixels = image.width * image.height
            if pixels <= max_pixels:
                image.load()
                rgb = _pillow_to_rgb(ImageOps.exif_transpose(image), path)
                if size is not None and rgb.shape[1::-1] != tuple(size):
                    found = f"{rgb.shape[1]} x {rgb.shape[0]}"
                    raise ValueError(f"{path}: expected {size[0]} x {size[1]} pixels, got {found}.")
                return rgb
        raise ValueError(f"{path} is too large: {pixels} pixels are more than {max_pixels}; make it smaller first.")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"{path} is too large: {error}") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is not an image of a known format.") from error
    except (OSError, SyntaxError, EOFError, IndexError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path} is truncated or damaged: {error}.") from error


def to_rgb_uint8(image: np.ndarray, name: str = "image") -> np.ndarray:
    """Brings an image array to 8-bit RGB.

    Args:
        image: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8 0..255, uint16 0..65535, bool, or
            floating point 0..1. A fourth channel is alpha: transparent pixels are laid over white.
        name: what to call the array in messages.

    Returns:
        (H, W, 3) uint8 RGB. An array that is (H, W, 3) uint8 already comes back as it is, not copied.

    Raises:
        ValueError: wrong shape, no pixels, a dtype that isn't listed, or values that are not finite or
            lie outside 0..1.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[-1] not in (1, 3, 4):
        raise ValueError(f"{name}: expected shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {image.shape}.")
    if 0 in image.shape:
        raise ValueError(f"{name}: expected at least one pixel, got shape {image.shape}.")
    image = _to_uint8(image, name)
    if image.shape[-1] == 4:
        alpha = image[..., 3:].astype(np.uint16)
        image = ((image[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image


def _to_uint8(image: np.ndarray, name: str) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return (image >> 8).astype(np.uint8)
    if image.dtype == bool:
        return image.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(image.dtype, np.floating):
        low, high = float(image.min()), float(image.max())
        if not (low >= -1e-3 and high <= 1.0 + 1e-3):
            raise ValueError(f"{name}: expected floating-point values within 0..1, got {low:g}..{high:g}.")
        return np.round(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    raise ValueError(f"{name}: expected dtype uint8, uint16, bool or floating point, got {image.dtype}.")


def _pillow_to_rgb(image, path: Path) -> np.ndarray:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"{path}: expected at most 16 bits a channel, got {values.min()}..{values.max()}.")
        return to_rgb_uint8(values.astype(np.uint16), str(path))
    if image.mode == "F":
        return to_rgb_uint8(np.asarray(image), str(path))
    has_alpha = "A" in image.mode or "a" in image.mode or "transparency" in image.info
    return np.ascontiguousarray(to_rgb_uint8(np.array(image.convert("RGBA" if has_alpha else "RGB")), str(path)))


def _short(name: str) -> str:
    """The first 100 bytes of a name: file systems count bytes, and a temporary name is longer than the last one."""
    return os.fsencode(name)[:100].decode(errors="ignore")


def _flush(path: Path) -> None:
    """Waits until a file is on the disk, so that a full disk is an error now and not later."""
    if path.is_file():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def _replace(temporary: Path, path: Path) -> None:
    if temporary.is_dir() and path.is_dir():
        aside = path.parent / f".{_short(path.name)}.{uuid.uuid4().hex}.old"
        os.replace(path, aside)
        try:
            os.replace(temporary, path)
        except BaseException:
            os.replace(aside, path)
            raise
        shutil.rmtree(aside)
    else:
        os.replace(temporary, path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
