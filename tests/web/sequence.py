"""A rendered film: one hand that opens, closes, turns and wanders before a still camera."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tfhand.constants import CANONICAL_SIDE
from tfhand.geometry import default_intrinsics, project
from tfhand.rendering.arm import ArmParams, leaving
from tfhand.rendering.camera_effects import CameraParams, take_photograph
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.mood import Mood
from tfhand.rendering.skin import SkinParams
from tfhand.synthetic.generator import HandGenerator
from tfhand.synthetic.gestures import gesture
from tfhand.synthetic.ingredients import plain_look
from tfhand.synthetic.viewpoint import hand_frame, look_rotation

#: What the hand does, evenly over the film, and from where it is seen: radial, distal, palmar; roll in degrees.
KEYS = (
    ("open_spread_thumb_out", (0.1, 0.1, 1.0), 0.0),
    ("relaxed_parted_thumb_relaxed", (0.4, 0.2, 0.9), 12.0),
    ("loose_fist_thumb_over", (0.1, 0.3, 1.0), -8.0),
    ("open_parted_thumb_out", (-0.3, 0.1, 1.0), -15.0),
)
SIZE = (480, 640)
#: Bits of a frame's number, drawn as squares along the lower border: black 0, white 1, lowest first.
BITS, SQUARE = 8, 16


@dataclass(frozen=True)
class Film:
    """Frames with their labels.

    Attributes:
        images: `(N, 480, 640, 3)` uint8 RGB, the frame's number in the lower left corner.
        joints_mm: `(N, 21, 3)` camera frame.
        vertices_mm: `(N, V, 3)` camera frame.
        joints_uv: `(N, 21, 2)` pixels.
    """

    images: np.ndarray
    joints_mm: np.ndarray
    vertices_mm: np.ndarray
    joints_uv: np.ndarray


def film(count: int, seed: int = 5, side: str = CANONICAL_SIDE) -> Film:
    """Renders `count` frames of one person's right or left hand, the last one next to the first."""
    generator = HandGenerator()
    rng = np.random.default_rng(seed)
    looks = SkinParams.sample(rng), LightParams.named("laptop call", rng), CameraParams.sample(rng, SIZE[0])
    skin, lights, camera = plain_look(("skins", "camera"), *looks)
    arm = dataclasses.replace(ArmParams.sample(rng), sleeve_start_mm=60.0)
    background = generator.backgrounds.sample(rng, SIZE, Mood.sample(lights, rng))
    intrinsics = default_intrinsics(SIZE[::-1])
    images, labels = [], []
    for place in range(count):
        surface, vertices, joints = _placed(generator, place / count)
        held = leaving(generator.renderer.surface.forearm_sections(surface), arm, intrinsics, SIZE)
        drawn = generator.renderer.render(surface, intrinsics, SIZE, skin, lights, held)
        image = take_photograph(drawn, background, camera)
        if side != CANONICAL_SIDE:
            image = np.ascontiguousarray(image[:, ::-1])
            vertices, joints = (points * np.float32([-1, 1, 1]) for points in (vertices, joints))
        images.append(_numbered(image, place))
        labels.append((joints, vertices, project(joints, intrinsics)))
    return Film(np.stack(images), *(np.stack(part) for part in zip(*labels, strict=True)))


def _placed(generator: HandGenerator, phase: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Surface, vertices and joints, camera frame, mm, at a phase of 0..1."""
    start = int(phase * len(KEYS))
    share = phase * len(KEYS) - start
    share = share * share * (3 - 2 * share)  # the hand rests at each key
    keys = KEYS[start], KEYS[(start + 1) % len(KEYS)]
    pose, towards, roll = (
        (1 - share) * np.asarray(one, np.float64) + share * np.asarray(other, np.float64)
        for one, other in zip(*((gesture(name).angles(), towards, roll) for name, towards, roll in keys), strict=True)
    )
    posed = generator.template.pose(generator.rig.rotations(pose))
    rotation = look_rotation(towards / np.linalg.norm(towards), np.deg2rad(roll)) @ hand_frame(posed.joints)
    turn = 2 * np.pi * phase
    centre = np.array([40 * np.sin(turn), -15 + 15 * np.sin(2 * turn), 430 + 50 * np.cos(turn)])
    move = centre - rotation @ posed.joints.mean(axis=0)
    parts = posed.surface_vertices, posed.vertices, posed.joints
    return tuple((points @ rotation.T + move).astype(np.float32) for points in parts)


def _numbered(image: np.ndarray, number: int) -> np.ndarray:
    for bit in range(BITS):
        image[-SQUARE:, bit * SQUARE : (bit + 1) * SQUARE] = 255 if number >> bit & 1 else 0
    return image


def read_number(image: np.ndarray) -> int:
    """The number of a frame of a film, `(480, 640, 3)` uint8, also after video compression."""
    middles = image[-SQUARE // 2, SQUARE // 2 : BITS * SQUARE : SQUARE].mean(axis=-1)
    return int(((middles > 127) << np.arange(BITS)).sum())


def write_y4m(path: Path, images: np.ndarray, rate: int = 30) -> None:
    """Writes frames `(N, H, W, 3)` uint8 RGB as YUV4MPEG2, 4:2:0, as Chromium's fake camera plays it."""
    height, width = images.shape[1:3]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420\n".encode())
        for image in images:
            file.write(b"FRAME\n" + cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).tobytes())
