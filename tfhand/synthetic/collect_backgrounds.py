"""Gather pictures from any folders into one pool of backgrounds.

    python -m tfhand.synthetic.collect_backgrounds PHOTOS... --cut-outs DIR --clutter 300 --out POOL

Opaque pictures are shrunk to at most `--longest` pixels and near duplicates are dropped. Pictures with transparency
(cut-out objects) can be thrown together into cluttered scenes: rows of things on shelves and heaps of things before
a wall, what an ordinary room puts behind an ordinary hand and what landscape photographs lack. The pool is what
`python -m tfhand.synthetic generate --backgrounds POOL` reads.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from tfhand.io import atomic_path, make_folder

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SMALLEST_SIDE = 300
SAME_PICTURE = 6.0


def find_pictures(folders: list[str]) -> list[Path]:
    """Every picture file below `folders`, in sorted order.

    Raises:
      FileNotFoundError: a folder is missing.
    """
    found: list[Path] = []
    for folder in folders:
        if not Path(folder).is_dir():
            raise FileNotFoundError(f"folder of pictures not found: {folder}")
        found += [p for p in sorted(Path(folder).rglob("*")) if p.suffix.lower() in EXTENSIONS and p.is_file()]
    return found


def shrink(image: np.ndarray, longest: int) -> np.ndarray:
    """`image` (H, W, C) uint8 with its longer side at most `longest` pixels."""
    factor = longest / max(image.shape[:2])
    return image if factor >= 1 else cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def distinct_photographs(paths: list[Path], longest: int) -> list[np.ndarray]:
    """Opaque pictures (BGR uint8), shrunk, near duplicates and nearly uniform ones left out."""
    kept: list[np.ndarray] = []
    thumbnails: list[np.ndarray] = []
    for path in paths:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None or min(image.shape[:2]) < SMALLEST_SIDE:
            continue
        image = shrink(image, longest)
        thumbnail = cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)
        if thumbnail.std() < 8 or any(np.abs(thumbnail - other).mean() < SAME_PICTURE for other in thumbnails):
            continue
        thumbnails.append(thumbnail)
        kept.append(image)
    return kept


def cut_out_objects(paths: list[Path]) -> list[np.ndarray]:
    """Pictures (BGRA uint8) that are partly transparent, cropped to what is opaque, at most 400 pixels long."""
    objects = []
    for path in paths:
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if image is None or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 4:
            continue
        rows, columns = np.nonzero(image[..., 3] > 128)
        if not 0.1 < rows.size / image[..., 3].size < 0.98:
            continue
        box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        if min(box.shape[:2]) >= 40:
            objects.append(shrink(box, 400))
    return objects


def paste(scene: np.ndarray, thing: np.ndarray, x: int, y: int) -> None:
    """Blend BGRA `thing` into BGR `scene` in place, its upper left corner at (x, y); what sticks out is cut."""
    height, width = thing.shape[:2]
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + height, scene.shape[0]), min(x + width, scene.shape[1])
    if top >= bottom or left >= right:
        return
    part = thing[top - y : bottom - y, left - x : right - x].astype(np.float32)
    alpha = part[..., 3:] / 255.0
    region = scene[top:bottom, left:right]
    region[:] = (alpha * part[..., :3] + (1 - alpha) * region).astype(np.uint8)


def vary(thing: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    """`thing` scaled to `height` pixels, perhaps mirrored, with its colours and brightness changed."""
    factor = height / thing.shape[0]
    thing = cv2.resize(thing, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    thing = thing[:, ::-1] if rng.random() < 0.5 else thing
    gain = rng.uniform(0.35, 1.1) * rng.uniform(0.75, 1.2, 3)
    colour = np.clip(thing[..., :3] * gain, 0, 255)
    return np.concatenate([colour.astype(np.uint8), thing[..., 3:]], axis=-1)


def wall(size: tuple[int, int], photographs: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A wall (H, W, 3) uint8: plain with a gradient of light, or a strongly blurred photograph."""
    height, width = size
    if photographs and rng.random() < 0.5:
        photograph = cv2.resize(photographs[rng.integers(len(photographs))], (width, height))
        return cv2.GaussianBlur(photograph, (0, 0), rng.uniform(3, 25))
    colour = rng.uniform(30, 235) * rng.uniform(0.75, 1.15, 3)
    across = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.6, 1), width)
    down = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.6, 1), height)
    return np.clip(down[:, None, None] * across[None, :, None] * colour, 0, 255).astype(np.uint8)


def cluttered_scene(objects, photographs, size, rng: np.random.Generator) -> np.ndarray:
    """Objects on shelves (rows, many of a kind) or heaped before a wall; BGR uint8 of `size` (H, W)."""
    scene = wall(size, photographs, rng)
    height, width = size
    if rng.random() < 0.6:
        shelf = int(height / rng.integers(3, 7))
        for bottom in range(shelf, height + shelf, shelf):
            kinds = rng.integers(len(objects), size=rng.integers(1, 6))
            x = int(rng.integers(-40, 10))
            while x < width:
                thing = vary(objects[rng.choice(kinds)], shelf * rng.uniform(0.55, 0.9), rng)
                paste(scene, thing, x, bottom - thing.shape[0])
                x += int(thing.shape[1] * rng.uniform(0.8, 1.3))
            scene[bottom - max(shelf // 14, 2) : bottom] = rng.uniform(20, 230, 3).astype(np.uint8)
    else:
        for _ in range(rng.integers(15, 60)):
            thing = vary(objects[rng.integers(len(objects))], height * rng.uniform(0.1, 0.6), rng)
            paste(scene, thing, int(rng.integers(-60, width)), int(rng.integers(-60, height)))
    return cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.3, 2.5))


def collect(folders, out, cut_outs=(), clutter=0, longest=800, seed=0) -> int:
    """Write the pool into the folder `out`; returns the number of pictures.

    Raises:
      ValueError: nothing usable was found, clutter was asked for without cut-outs, or `out` holds files.
    """
    if Path(out).is_dir() and any(Path(out).iterdir()):
        raise ValueError(f"out: expected a new or empty folder, got {out} with files, whose pictures would be in the pool, too")
    photographs = distinct_photographs(find_pictures(list(folders)), longest)
    objects = cut_out_objects(find_pictures(list(cut_outs))) if clutter else []
    if clutter and not objects:
        raise ValueError("clutter: needs pictures with transparency; give their folder with --cut-outs")
    if not photographs and not objects:
        raise ValueError(f"no picture of at least {SMALLEST_SIDE} pixels found in {', '.join(map(str, folders))}")
    rng = np.random.default_rng(seed)
    scenes = [cluttered_scene(objects, photographs, (longest * 3 // 4, longest), rng) for _ in range(clutter)]
    make_folder(out, "out")
    for kind, images in (("photograph", photographs), ("clutter", scenes)):
        for index, image in enumerate(images):
            path = Path(out) / f"{kind}_{index:04d}.jpg"
            with atomic_path(path) as temporary:
                temporary.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return len(photographs) + len(scenes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", help="folders with photographs, searched through all their subfolders")
    parser.add_argument("--cut-outs", nargs="*", default=[], help="folders with cut-out objects (PNG with alpha)")
    parser.add_argument("--clutter", type=int, default=0, help="number of cluttered scenes to compose (default 0)")
    parser.add_argument("--longest", type=int, default=800, help="longer side of every picture in pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, help="folder of the pool")
    args = parser.parse_args()
    count = collect(args.folders, args.out, args.cut_outs, args.clutter, args.longest, args.seed)
    print(f"{count} backgrounds in {args.out}")


if __name__ == "__main__":
    main()
