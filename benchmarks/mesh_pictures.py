"""The same hands as several networks see them, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from tfhand.data import ShardedDataset, crop
from tfhand.geometry import uvd_to_xyz
from tfhand.inference.drawing import draw_mesh, draw_view
from tfhand.io import atomic_path
from tfhand.mesh import HandTemplate
from trainers.evaluation.runner import mesh_from_joints

CELL = 224


def write_meshes(networks: Mapping[str, tuple[str, Path]], data_dir: Path, count: int, path: Path) -> None:
    """Draws hands, their true meshes, and the meshes that networks predict, each also from the side.

    Args:
        networks: preset and weights file by the heading of their columns. Of a network without a mesh, the mesh is made of
            its joints, as `trainers.evaluate --direct-lbs` does.
        data_dir: folder of shards with meshes.
        count: hands, the first ones of the folder.
        path: picture to write.

    Raises:
        OSError: it can't be written.
    """
    from tfhand.models import load_network

    dataset = ShardedDataset(data_dir)
    models = {title: load_network(preset, weights) for title, (preset, weights) in networks.items()}
    first = next(iter(models.values()))
    views = [crop(dataset[index], first.input_size, depth_axis=first.depth_axis) for index in range(min(count, len(dataset)))]
    images = np.stack([view["image"] for view in views])
    cameras = np.stack([view["camera"] for view in views])
    template = HandTemplate.load()
    xyz = {"ground truth": uvd_to_xyz(np.stack([view["vertices_uvd"] for view in views]), cameras)}
    for title, model in models.items():
        outputs = {name: np.asarray(values, np.float32) for name, values in model.predict(images, verbose=0).items()}
        if "vertices_uvd" in outputs:
            xyz[title] = uvd_to_xyz(outputs["vertices_uvd"], cameras)
        else:
            xyz[title] = mesh_from_joints(template, uvd_to_xyz(outputs["joints_uvd"], cameras))
    rows = []
    for index, camera in enumerate(cameras):
        of_hand = {title: points[index] for title, points in xyz.items()}
        rows.append(np.concatenate(_row(images[index], of_hand, template.faces, camera), axis=1))
    rows[0] = _labelled(rows[0], ["photograph", *(label for title in xyz for label in (title, "from the side"))])
    with atomic_path(path) as temporary:
        if not cv2.imwrite(str(temporary), np.concatenate(rows)[..., ::-1]):
            raise OSError(f"can't write {path}")


def _row(image: np.ndarray, meshes: Mapping[str, np.ndarray], faces: np.ndarray, camera: np.ndarray) -> list[np.ndarray]:
    photo = cv2.resize(image, (CELL, CELL), interpolation=cv2.INTER_LINEAR)
    true = meshes["ground truth"]
    frame = true.mean(axis=0), 1.1 * float(np.linalg.norm(true - true.mean(axis=0), axis=1).max())
    cells = [photo]
    for vertices in meshes.values():
        cells += [draw_mesh(photo, vertices, faces, camera[:4] * CELL), draw_view(vertices, faces, CELL, 90.0, None, frame)]
    return cells


def _labelled(row: np.ndarray, labels: list[str]) -> np.ndarray:
    row = np.ascontiguousarray(row)
    for number, label in enumerate(labels):
        place = (number * CELL + 6, 16)
        for colour, width in (((20, 20, 20), 3), ((255, 255, 255), 1)):
            cv2.putText(row, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, width, cv2.LINE_AA)
    return row
