"""Runs a network over a set and brings its answers to the set's own joints, in millimetres."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import CANONICAL_SIDE, ROOT_JOINT
from tfhand.data import HandSample, crop
from tfhand.data.joint_adapters import JointAdapter
from tfhand.geometry import uvd_to_xyz, with_root_at
from tfhand.mesh.rigged_hands import JOINT_NOISE_MM, rig_hands
from tfhand.metrics import Predictions
from trainers.evaluation.groups import groups_of

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate
    from tfhand.models import HandNet
    from trainers.evaluation.signs import SignMeter


@dataclass(frozen=True, eq=False)
class Run:
    """Everything a report needs, of N samples, all as the network saw them: a hand of the side it knows, in a square crop.

    Attributes:
        predictions: joints (after the adapter) and, where the set has them, vertices and which joints are visible; mm,
            camera frame.
        vertices_mm: (N, V, 3) predicted vertices, mm, camera frame; None where there are joints alone.
        camera: (N, 7) camera vectors of the crops (`tfhand.geometry`), with the root depth and the hand scale that
            predictions were placed with.
        mirrored: (N,) bool, whether the crop is the mirror image of the photograph.
        names: the samples' names.
        groups: the groups that each sample is in (`trainers.evaluation.groups`).
    """

    predictions: Predictions
    vertices_mm: np.ndarray | None
    camera: np.ndarray
    mirrored: np.ndarray
    names: list[str]
    groups: list[dict[str, list[str]]]


def run_network(
    model: HandNet,
    dataset: Sequence[HandSample],
    adapter: JointAdapter | None = None,
    batch_size: int = 32,
    progress: bool = True,
    other_mesh: str | None = None,
    direct_lbs: HandTemplate | None = None,
    fit_rig: HandTemplate | None = None,
    signs: SignMeter | None = None,
) -> Run:
    """Predicts every sample with the root depth, hand scale and crop box that it comes with.

    Args:
        model: the network.
        dataset: `__len__` and `__getitem__` to samples.
        adapter: from the network's joints to the set's; None where they are the same.
        batch_size: samples at once.
        progress: show a progress bar.
        other_mesh: entry of `HandSample.extras` with meshes that samples have beside `vertices_mm`. They are compared
            vertex by vertex where they are of the network's own topology, by F-score otherwise.
        direct_lbs: a hand that gives joints without a mesh one, by inverse kinematics and linear blend skinning; None
            for no mesh then.
        fit_rig: a hand whose rig is fitted to the network's joints; its joints and mesh take the network's place. None for the
            network's own.
        signs: also gets every batch; None where presence and handedness are not measured.

    Raises:
        ValueError: no samples, meshes of another number of vertices than the network's, outputs that are not finite; or
            direct LBS asked of a network with a mesh, or, like the rig, of one with joints of another definition.
    """
    from tqdm import tqdm

    if direct_lbs is not None and (hasattr(model, "num_vertices") or model.joint_definition != "tfhand"):
        raise ValueError("--direct-lbs: expected a network that gives our joints and no mesh (a preset ending in -joints).")
    if fit_rig is not None and (model.joint_definition, model.hand_side) != ("tfhand", CANONICAL_SIDE):
        given = f"{model.joint_definition!r} of {model.hand_side} hands"
        raise ValueError(f"--fit-rig: expected a network that gives our joints of {CANONICAL_SIDE} hands, got {given}.")
    if len(dataset) == 0:
        raise ValueError("dataset: expected at least one sample, got none.")
    parts: list[dict[str, np.ndarray]] = []
    mirrored: list[bool] = []
    names: list[str] = []
    groups: list[dict[str, list[str]]] = []
    starts = range(0, len(dataset), batch_size)
    for start in tqdm(starts, desc="evaluating", unit="batch", disable=None if progress else True):
        samples = [dataset[index] for index in range(start, min(start + batch_size, len(dataset)))]
        if other_mesh is not None:
            samples = [dataclasses.replace(sample, vertices_mm=sample.extras.get(other_mesh)) for sample in samples]
        views = [crop(sample, model.input_size, hand_side=model.hand_side, depth_axis=model.depth_axis) for sample in samples]
        mirrored += [view["side_mirrored"] for view in views]
        names += [sample.name for sample in samples]
        groups += [groups_of(sample) for sample in samples]
        images = np.stack([view["image"] for view in views])
        outputs = predict(model, images)
        parts.append(_compared(outputs, views, adapter, model.hand_side, other_mesh is not None, direct_lbs, fit_rig))
        if signs is not None:
            signs.add(samples, start, images, outputs)
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    has_meshes = "vertices_true" in whole or "other_true" in whole
    predictions = Predictions(
        joints_pred=whole["joints_pred"],
        joints_true=whole["joints_true"],
        vertices_pred=whole["vertices_pred"] if has_meshes else None,
        vertices_true=whole.get("vertices_true"),
        other_vertices_true=whole.get("other_true"),
        visible=whole.get("visible"),
    )
    return Run(predictions, whole.get("vertices_pred"), whole["camera"], np.array(mirrored), names, groups)


def predict(model: HandNet, images: np.ndarray) -> dict[str, np.ndarray]:
    """A network's outputs for crops (B, S, S, 3) uint8 RGB."""
    return model.predict_on_batch(images.astype(np.float32) / np.float32(255))


def _compared(
    outputs: dict[str, np.ndarray],
    views: list[dict],
    adapter: JointAdapter | None,
    side: str,
    other_topology: bool,
    direct_lbs: HandTemplate | None,
    fit_rig: HandTemplate | None,
) -> dict[str, np.ndarray]:
    """Ground truth, prediction and camera of one batch; joints as the set defines them, mm."""
    camera_true, joints_uvd = (np.stack([view[key] for view in views]) for key in ("camera", "joints_uvd"))
    points = {key: np.asarray(outputs[key], np.float32) for key in ("joints_uvd", "vertices_uvd") if key in outputs}
    joints = points["joints_uvd"]
    if not all(np.isfinite(one).all() for one in points.values()):
        raise ValueError("weights: expected a network with finite outputs, got NaN or infinity.")
    # The wrist's z is given; where it is seen is the network's own answer.
    seen = joints[:, ROOT_JOINT] if adapter is None else adapter.root(joints)
    camera = with_root_at(camera_true, joints_uvd[:, ROOT_JOINT, :2], seen[:, :2])
    if adapter is not None:
        camera = adapter.network_camera(camera, joints)
    joints_pred = uvd_to_xyz(joints, camera)
    hands = None if fit_rig is None else rig_hands(fit_rig, joints_pred)
    if hands is not None:
        joints_pred = hands.joints_mm
    part = {
        "camera": camera,
        "joints_true": uvd_to_xyz(joints_uvd, camera_true),
        "joints_pred": joints_pred if adapter is None else adapter.to_dataset(joints_pred, side),
    }
    if "joint_visible" in views[0]:
        part["visible"] = np.stack([view["joint_visible"] for view in views])
    if hands is not None:
        part["vertices_pred"] = hands.vertices_mm
    elif "vertices_uvd" in points:
        part["vertices_pred"] = uvd_to_xyz(points["vertices_uvd"], camera)
    elif direct_lbs is not None:
        part["vertices_pred"] = mesh_from_joints(direct_lbs, joints_pred)
    if "vertices_pred" in part and "vertices_uvd" in views[0]:
        true = uvd_to_xyz(np.stack([view["vertices_uvd"] for view in views]), camera_true)
        part |= _true_mesh(true, part["vertices_pred"].shape[1], other_topology)
    return part


def _true_mesh(true: np.ndarray, count: int, other_topology: bool) -> dict[str, np.ndarray]:
    """The set's meshes (N, Q, 3) by what they are compared by with meshes of `count` vertices."""
    if true.shape[1] == count:
        return {"vertices_true": true}
    if not other_topology:
        raise ValueError(
            f"dataset: expected meshes of {count} vertices, as the network predicts, got "
            f"{true.shape[1]}; generate the set again with this template."
        )
    return {"other_true": true}


def mesh_from_joints(template: HandTemplate, joints_mm: np.ndarray) -> np.ndarray:
    """The paper's direct LBS: meshes (N, V, 3) mm of the template's rig fitted to joints (N, 21, 3) mm, same frame."""
    from tfhand.mesh.inverse_kinematics import fit_rig
    from tfhand.mesh.linear_skinning import skin_linearly

    fit = fit_rig(template, joints_mm, JOINT_NOISE_MM)
    return skin_linearly(template, fit.angles, fit.shape, fit.rotation, fit.translation_mm)[0]
