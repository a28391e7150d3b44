"""The examples for apps: their constants are the package's, and the C++ one computes what `HandEstimator` does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from export import flatbuffer, tflite
from export.contract import INPUT, OUTPUTS, SIGN_OUTPUTS, SIGNATURE
from export.metadata import NAME, describe, encode
from export.pictures import SAMPLES
from export.served import ServedNetwork
from tfhand.constants import BONES, CANONICAL_SIDE, DEFAULT_HAND_SCALE_MM, SIDES
from tfhand.data.augment import PAD_VALUE
from tfhand.geometry import uvd_to_xyz
from tfhand.inference import HandEstimator
from tfhand.inference.placement import bone_proportions, root_depth_in_scales
from tfhand.inference.view import network_view
from tfhand.io import read_image
from tfhand.mesh import HandTemplate
from tfhand.models import PRESETS

APPS = Path(__file__).resolve().parents[2] / "docs" / "apps"
SAMPLE = SAMPLES / "fullcurl.jpg"
#: Of each example: how a constant begins.
STARTS = {
    "hand_mesh.cc": r"constexpr \w+ k{0}(?:\[\w*\])*",
    "HandMesh.kt": r"val {1}",
    "HandMesh.swift": r"let {2}",
}


@pytest.fixture(params=STARTS, scope="module")
def example(request) -> tuple[str, str]:
    """File name and text."""
    return request.param, (APPS / request.param).read_text()


def constant(example: tuple[str, str], words: str) -> str:
    """What stands behind a constant's name, given as "Input Size"."""
    name, text = example
    camel = words.replace(" ", "")
    start = STARTS[name].format(camel, words.replace(" ", "_").upper(), camel[0].lower() + camel[1:])
    (value,) = re.findall(rf"{start}(?:: [^=]*)? = (.*?)(?=\n(?:const|let|val|struct|\n))", text, re.DOTALL)
    return re.sub(r"//.*", "", value)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


def test_constants_are_the_packages(example) -> None:
    proportions = bone_proportions(HandTemplate.load().pose().joints)
    np.testing.assert_array_equal(numbers(constant(example, "Bones")), np.ravel(BONES))
    np.testing.assert_allclose(numbers(constant(example, "Bone Proportions")), proportions, atol=6e-7)
    assert numbers(constant(example, "Default Scale Mm")) == [DEFAULT_HAND_SCALE_MM]
    assert PRESETS["mobile"].depth_axis == "crop"  # which the examples take for granted
    assert numbers(constant(example, "Input Size")) == [PRESETS["mobile"].input_size]
    assert numbers(constant(example, "Padding")) == [PAD_VALUE]
    assert f'"{CANONICAL_SIDE}"' in constant(example, "Hand Side")


def test_names_are_the_files(example) -> None:
    name, text = example
    # Kotlin's CompiledModel refuses to run without a buffer for every output; the C++ example takes all that there are.
    asked = {"vertices_uvd", "joints_uvd", "confidence"} if name.endswith(".cc") else {*OUTPUTS, *SIGN_OUTPUTS}
    words = set(re.findall(r'"([\w-]+)"', text))
    assert asked | {INPUT} <= words and {word for word in words if word.endswith("_uvd")} <= set(OUTPUTS)
    assert (NAME if name.endswith(".cc") else SIGNATURE) in words


@pytest.fixture(scope="module")
def arithmetic(tmp_path_factory) -> Path:
    """The part of the C++ example that needs no LiteRT, compiled alone: crop, and distance and millimetres of points.

    It reads x, y, side of a box, fx, fy, u0, v0, whether to mirror, a photograph's width, height and levels, then 63 numbers.
    """
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    text = (APPS / "hand_mesh.cc").read_text()
    names = ("algorithm", "array", "cmath", "cstdint", "cstdio", "iostream", "vector")
    headers = "".join(f"#include <{name}>\n" for name in names)
    parts = [
        re.search(f"{first}.*?(?={last})", text, re.DOTALL)[0]
        for first, last in (("constexpr int kInputSize", r"\[\[noreturn"), ("// One direction", "// A loaded"))
    ]
    main = """int main() {
      Box box; Camera camera; bool mirrored; Photo photo;
      std::cin >> box.x >> box.y >> box.side >> camera.fx >> camera.fy >> camera.u0 >> camera.v0 >> mirrored;
      std::cin >> photo.width >> photo.height;
      for (int i = 0, level; i < 3 * photo.width * photo.height; ++i) std::cin >> level, photo.rgb.push_back(uint8_t(level));
      std::vector<float> uvd(63);
      for (float& value : uvd) std::cin >> value;
      for (int level : Crop(photo, box, mirrored)) std::printf("%d ", level);
      const Camera of_crop = CropCamera(camera, box, mirrored);
      const double depth = RootDepthInScales(uvd, of_crop);
      std::printf("%.6f ", depth);
      for (float value : ToMillimetres(uvd, of_crop, 45 * depth, 45, mirrored)) std::printf("%.4f ", value);
    }"""
    folder = tmp_path_factory.mktemp("arithmetic")
    (folder / "arithmetic.cc").write_text("".join([headers, *parts, main]).replace("constexpr char kHandSide", "[[maybe_unused]] constexpr char kHandSide"))
    command = ["g++", "-std=c++17", "-O1", "-Wall", "-Werror", folder / "arithmetic.cc", "-o", folder / "arithmetic"]
    subprocess.run(command, check=True)
    return folder / "arithmetic"


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("size", "box", "intrinsics"),
    [
        ((96, 64), (20, 10, 40), (500, 500, 48, 32)),
        ((96, 64), (-30, 25, 70), (500, 430, 80, 20)),  # over a corner; pixels that aren't square
        ((9, 500), (-200, 40, 410), (400, 400, 4, 250)),  # in blocks
        ((700, 350), (5, -90, 660), (600, 640, 350, 175)),
        ((3, 2), (0.4, 0.3, 1.2), (50, 50, 1, 1)),
    ],
)
def test_the_cpp_examples_arithmetic_is_the_packages(rng, arithmetic, side, size, box, intrinsics) -> None:
    photo = rng.integers(0, 256, (*size[::-1], 3), np.uint8)
    uvd = np.concatenate([rng.uniform(0.2, 0.8, (21, 2)), rng.uniform(-1, 1, (21, 1))], axis=1).astype(np.float32)
    uvd[20, :2] = -5.5, 6.5  # whose ray points away from that of the crop's middle
    mirrored = side != CANONICAL_SIDE
    given = " ".join(map(str, [*box, *intrinsics, int(mirrored), *size, *photo.ravel(), *(f"{value:.9g}" for value in uvd.ravel())]))
    found = subprocess.run([arithmetic], input=given, capture_output=True, check=True, text=True).stdout.split()
    levels, depth, points = np.array(found[:76800], int), float(found[76800]), np.array(found[76801:], float)
    square, camera_of_photo = np.array([*box, box[2]], np.float64), np.array(intrinsics, np.float64)
    view, camera = network_view(photo, square, side, camera_of_photo, 160, depth_axis="crop")
    assert np.abs(levels.reshape(160, 160, 3) - view).max() <= 1
    ratio = root_depth_in_scales(uvd, camera, bone_proportions(HandTemplate.load().pose().joints))
    assert depth == pytest.approx(ratio, rel=1e-4)
    camera[4:6] = 45 * ratio, 45
    expected = uvd_to_xyz(uvd, camera) * np.array([-1 if mirrored else 1, 1, 1])
    np.testing.assert_allclose(points.reshape(21, 3), expected, rtol=2e-4, atol=0.02)
    assert points[-1] > 0


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """The compiled C++ example. `LITERT_HEADERS` names the folder that holds LiteRT's `litert/c`."""
    litert = pytest.importorskip("ai_edge_litert")
    headers, library = os.environ.get("LITERT_HEADERS"), Path(litert.__path__[0])
    if headers is None or shutil.which("g++") is None or not (library / "libLiteRt.so").is_file():
        pytest.skip("needs g++, libLiteRt.so of the wheel, and LITERT_HEADERS")
    out = tmp_path_factory.mktemp("apps") / "hand_mesh"
    command = ["g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{headers}", APPS / "hand_mesh.cc"]
    subprocess.run([*command, f"-L{library}", "-l:libLiteRt.so", f"-Wl,-rpath,{library}", "-o", out], check=True)
    return out


@pytest.fixture(scope="module")
def estimator() -> HandEstimator:
    return HandEstimator.from_preset("mobile")


@pytest.fixture(scope="module")
def hand_file(program, estimator, tmp_path_factory) -> Path:
    content = tflite._convert(ServedNetwork(estimator.model), "none", None)
    out = tmp_path_factory.mktemp("file") / "hand.tflite"
    out.write_bytes(flatbuffer.finish(content, NAME, encode(describe(estimator.model, "none", "windows")).encode()))
    return out


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("box", [(37.3, 134.2, 300.4), (0.3, -13.2, 420.1), (120.4, 200.3, 120.7), (30.0, 131.0, 301.0), (8.0, 90.0, 384.0)])
def test_the_program_gives_the_estimators_millimetres(program, hand_file, estimator, tmp_path, side, box) -> None:
    photo = read_image(SAMPLE)
    (tmp_path / "photo.ppm").write_bytes(b"P6\n%d %d\n255\n" % photo.shape[1::-1] + photo.tobytes())
    camera = np.array([430.0, 420.0, 175.0, 250.0])
    arguments = [hand_file, tmp_path / "photo.ppm", *box, side, *camera, tmp_path / "hand.obj"]
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr

    hand = estimator(photo, np.array([*box, box[2]]), side, camera)
    joints = np.array([line.split() for line in result.stdout.splitlines()], float)
    lines = [line.split() for line in (tmp_path / "hand.obj").read_text().splitlines()]
    vertices = np.array([words[1:] for words in lines if words[0] == "v"], float)
    # Single pixels of the crop may be rounded to the next level.
    np.testing.assert_allclose(joints, hand.joints_mm, atol=0.2)
    np.testing.assert_allclose(vertices, hand.vertices_mm, atol=0.2)
    faces = np.array([words[1:] for words in lines if words[0] == "f"], int) - 1
    np.testing.assert_array_equal(_from_smallest(faces), _from_smallest(hand.faces))


def _from_smallest(faces: np.ndarray) -> np.ndarray:
    """Triangles turned until their smallest corner stands first."""
    order = (faces.argmin(axis=1)[:, None] + np.arange(3)) % 3
    return np.take_along_axis(faces, order, axis=1)


def test_the_program_tells_mistakes(program, hand_file, tmp_path) -> None:
    (tmp_path / "photo.ppm").write_bytes(b"P3\n1 1\n255\n0 0 0\n")
    tail = ["0", "0", "9", "right", "9", "9", "5", "5", str(tmp_path / "out.obj")]
    for arguments, word in (
        ([], "expected hand.tflite"),
        ([hand_file, tmp_path / "photo.ppm", *tail], "expected a PPM file"),
        ([tmp_path / "none.tflite", tmp_path / "photo.ppm", *tail], "none.tflite: LiteRT status"),
    ):
        result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert result.returncode == 1 and word in result.stderr and not (tmp_path / "out.obj").exists()
