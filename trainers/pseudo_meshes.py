"""Pseudo-ground truth: meshes that a pretrained network guesses for hands whose joints are known in the image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from tfhand.data import HandSample, crop
from tfhand.geometry import project, uvd_to_xyz
from tfhand.geometry.camera_ops import MIN_DEPTH_SHARE
from tfhand.io import atomic_path
from tfhand.models import HandMeshNet
from tfhand.models.given_heatmaps import GivenHeatmaps

#: Samples in a file, which is also what an interruption costs at most.
PART = 512
_BATCH = 32
#: Samples whose whole content goes into a key; of the others the labels are compared when they are used.
_KEY_SAMPLES = 16
_FORMAT = "tfhand.pseudo_meshes.1"


class PseudoMeshes:
    """Meshes by the number of their sample, mm, in the camera frame of the sample as it is stored.

    Args:
        paths: the files, in order; each holds `PART` meshes, the last one the rest.
        count: how many meshes there are.

    Raises:
        ValueError: a file is damaged.
    """

    def __init__(self, paths: list[Path], count: int):
        self._parts = []
        for number, path in enumerate(paths):
            expected = min(PART, count - number * PART)
            try:
                part = np.load(path, mmap_mode="r")
                fine = part.shape == (expected,) and part.dtype.names == ("digest", "vertices_mm")
            except (ValueError, EOFError) as error:
                raise ValueError(f"pseudo_meshes: {path} is damaged ({error}); remove it and start again") from None
            if not fine:
                raise ValueError(f"pseudo_meshes: expected {expected} meshes in {path}, got another file; remove it")
            self._parts.append(part)
        self._count = count

    def __len__(self) -> int:
        return self._count

    def of(self, index: int, sample: HandSample) -> np.ndarray:
        """The mesh (V, 3) float32 of sample `index`.

        Raises:
            ValueError: the sample isn't the one that the mesh was computed for.
        """
        record = self._parts[index // PART][index % PART]
        if record["digest"] != label_digest(sample):
            raise ValueError(
                f"pseudo_meshes: sample {index} ({sample.name!r}) has changed since its mesh was computed; the dataset "
                "must stay as it is, or the folder of its pseudo meshes be removed"
            )
        return np.array(record["vertices_mm"])


def compute_pseudo_meshes(
    network: HandMeshNet, dataset: Any, name: str, folder: Path, workers: int = 2, record: Path | None = None
) -> PseudoMeshes:
    """The pseudo-ground truth of a dataset, computed once; what is in the folder already is not computed again.

    Args:
        network: pretrained; see `GivenHeatmaps` for what is done with it.
        dataset: samples, of which image, 2D joints, box, camera, root depth and hand scale are used.
        name: of dataset and split; part of the key.
        folder: where meshes are kept, each set in a folder named by its key: a hash of weights, network and data.
        workers: threads that decode and crop.
        record: file of a run that keeps this key, so that the run goes on with the meshes that it began with.

    Raises:
        ValueError: a file in the folder is damaged, the network's meshes are not finite, or the run began with others.
        OSError: a file can't be written.
    """
    found = key(network, dataset, name)
    if record is not None:
        _check_same(record, found)
    folder = folder / found
    count = len(dataset)
    paths = [folder / f"meshes-{start // PART:05d}.npy" for start in range(0, count, PART)]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    if missing:
        model = GivenHeatmaps(network)
        initial = count - sum(min(PART, count - number * PART) for number in missing)
        bar = tqdm(total=count, initial=initial, desc="pseudo meshes", unit=" images", disable=None)
        with bar, ThreadPoolExecutor(workers) as pool:
            for number in missing:
                indices = range(number * PART, min((number + 1) * PART, count))
                part = np.concatenate(list(_meshes(model, dataset, indices, pool, bar)))
                with atomic_path(paths[number]) as temporary:
                    np.save(temporary, part)
    return PseudoMeshes(paths, count)


def _check_same(record: Path, found: str) -> None:
    if record.is_file():
        if record.read_text(encoding="ascii").strip() != found:
            raise ValueError(
                f"weights: expected those that {record.parent} began with, got others, or the data have changed: its pseudo "
                "meshes would change half-way; give the same weights and data, or another --out"
            )
        return
    with atomic_path(record) as temporary:
        temporary.write_text(found + "\n", encoding="ascii")


def key(network: HandMeshNet, dataset: Any, name: str) -> str:
    """What tells one set of pseudo meshes from another, 24 hexadecimal digits.

    It hashes weights, sizes and precision of the network, the dataset's name and length, and some of its samples.
    """
    digest = hashlib.sha256()
    facts = [_FORMAT, network.preset.to_config(), keras.config.dtype_policy().name, name, len(dataset)]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight, np.float32).tobytes())
    for index in np.unique(np.linspace(0, len(dataset) - 1, _KEY_SAMPLES).astype(int)).tolist():
        sample = dataset[index]
        digest.update(sample.image.tobytes())
        digest.update(int(label_digest(sample)).to_bytes(8, "little"))
    return digest.hexdigest()[:24]


def label_digest(sample: HandSample) -> int:
    """Hash, 64 bits, of the labels that pseudo meshes depend on: those of weak supervision, and the sample's name."""
    pixels = np.round(project(sample.joints_mm.astype(np.float64), sample.intrinsics), 2) + 0.0
    facts = (sample.intrinsics, sample.box, np.array([sample.root_depth_mm, sample.hand_scale_mm]).round(3), pixels)
    digest = hashlib.blake2b(f"{sample.name}/{sample.side}".encode(), digest_size=8)
    for fact in facts:
        digest.update(np.ascontiguousarray(fact).tobytes())
    return int.from_bytes(digest.digest(), "little")


def _meshes(
    model: GivenHeatmaps, dataset: Any, indices: range, pool: ThreadPoolExecutor, bar: tqdm
) -> Iterator[np.ndarray]:
    """Records of the samples with the given numbers, batch by batch."""
    network = model.network

    def load(index: int) -> tuple[HandSample, dict[str, Any]]:
        sample = dataset[index]
        return sample, crop(sample, network.input_size, hand_side=network.hand_side, depth_axis=network.depth_axis)

    for start in range(0, len(indices), _BATCH):
        loaded = list(pool.map(load, indices[start : start + _BATCH]))
        views = [view for _, view in loaded]
        images = np.stack([view["image"] for view in views])
        joints = np.stack([view["joints_uvd"][:, :2] for view in views])
        uvd = keras.ops.convert_to_numpy(model.predict_on_batch({"image": images, "joints_uv": joints}))
        camera = np.stack([view["camera"] for view in views])
        records = np.empty(len(views), [("digest", "<u8"), ("vertices_mm", "<f4", uvd.shape[1:])])
        records["digest"] = [label_digest(sample) for sample, _ in loaded]
        records["vertices_mm"] = _to_camera(uvd, camera, np.array([view["side_mirrored"] for view in views]))
        if not np.isfinite(records["vertices_mm"]).all():
            raise ValueError("weights: expected a network that gives finite meshes, got some that are not")
        bar.update(len(views))
        yield records


def _to_camera(uvd: np.ndarray, camera: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Meshes (B, V, 3) mm in the sample's own camera frame, in front of the camera, from uvd of plain crops."""
    nearest = (MIN_DEPTH_SHARE - 1.0) * camera[:, 4] / camera[:, 5]
    uvd = np.concatenate([uvd[..., :2], np.maximum(uvd[..., 2:], nearest[:, None, None])], axis=-1)
    vertices = uvd_to_xyz(uvd, camera)
    return np.where(mirrored[:, None, None], vertices * np.array([-1, 1, 1], np.float32), vertices)
