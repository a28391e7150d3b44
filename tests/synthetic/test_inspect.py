from __future__ import annotations

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from tfhand.data.sample import HandSample
from tfhand.geometry import project
from tfhand.mesh import HandTemplate
from tfhand.synthetic.inspect.coverage import FACES, coverage
from tfhand.synthetic.inspect.plots import draw_coverage
from tfhand.synthetic.inspect.viewer import write_view


def hand_sample(side: str = "right", seed: int = 0, **extras) -> HandSample:
    """The template's rest hand before a camera, without a renderer; `extras` as a render would carry them."""
    template = HandTemplate.load()
    posed = template.pose()
    flip = np.array([-1 if side == "left" else 1, 1, 1])
    move = np.array([0, 0, 500]) - posed.joints.mean(axis=0) * flip
    rng = np.random.default_rng(seed)
    towards = rng.normal(size=3)
    facts = {
        "towards_camera": (towards / np.linalg.norm(towards)).astype(np.float32),
        "fingers_in_image": np.array([0, -1, 0], np.float32),
        "pose_deg": rng.uniform(0, 60, 25).astype(np.float32),
        "melanin": float(rng.random()),
        "penetration_mm": 0.5,
    }
    return HandSample(
        image=rng.integers(0, 256, (48, 64, 3), dtype=np.uint8),
        intrinsics=np.array([120, 120, 32, 24], np.float32),
        box=np.array([8, 0, 48, 48], np.float32),
        side=side,
        joints_mm=posed.joints * flip + move,
        vertices_mm=posed.vertices * flip + move,
        name='<b>"7" & one</b></script>',
        extras={**facts, **extras},
    )


class Page(HTMLParser):
    """Tags with their attributes, the scripts' texts, and whether everything that opens is closed."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.scripts, self.title, self._open = [], {}, "", []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        if self._open and self._open[-1][0] == "script":
            self.scripts[self._open[-1][1].get("id")] = data
        if self._open and self._open[-1][0] == "title":
            self.title += data


@pytest.mark.parametrize("side", ["right", "left"])
def test_page_holds_the_hand_and_nothing_from_elsewhere(tmp_path, side):
    template, sample = HandTemplate.load(), hand_sample(side)
    write_view(sample, template.faces, tmp_path / "hand.html")
    text = (tmp_path / "hand.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.title == sample.name and "{{" not in text
    assert not [attrs for _, attrs in page.tags if "src" in attrs or "href" in attrs]
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|import\s", text)
    policy = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0].startswith("default-src 'none'")
    hand = json.loads(page.scripts["hand"])

    def read(name: str, dtype: str) -> np.ndarray:
        return np.frombuffer(base64.b64decode(hand[name]), dtype).reshape(-1, 3)

    np.testing.assert_array_equal(read("vertices", "<f4"), sample.vertices_mm)
    np.testing.assert_array_equal(read("joints", "<f4"), sample.joints_mm)
    assert len(read("vertices", "<f4")) == template.num_vertices
    assert _volume(read("vertices", "<f4"), read("faces", "<u4").astype(int)) > 0  # faces look outwards on both sides
    assert hand["size"] == [64, 48] and hand["intrinsics"] == [120, 120, 32, 24]
    jpeg = base64.b64decode(hand["image"].removeprefix("data:image/jpeg;base64,"))
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert shown.shape == sample.image.shape
    assert np.abs(shown.mean(axis=(0, 1)) - sample.image.mean(axis=(0, 1))).max() < 3


@pytest.mark.parametrize("side", ["right", "left"])
def test_glb_is_read_by_trimesh(tmp_path, side):
    trimesh = pytest.importorskip("trimesh")
    template, sample = HandTemplate.load(), hand_sample(side)
    write_view(sample, template.faces, tmp_path / "hand.glb")
    mesh = trimesh.load(tmp_path / "hand.glb", force="mesh", process=False)
    assert mesh.vertices.shape == (template.num_vertices, 3) and mesh.faces.shape == template.faces.shape
    np.testing.assert_allclose(mesh.vertices * [1000, -1000, -1000], sample.vertices_mm, atol=1e-3)
    assert _volume(np.asarray(mesh.vertices), np.asarray(mesh.faces)) > 0


def _volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Signed volume between the surface and its middle: positive where triangles turn anti-clockwise from outside."""
    a, b, c = (vertices - vertices.mean(axis=0))[faces].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())


def test_mistakes_of_the_view_are_told(tmp_path):
    template, sample = HandTemplate.load(), hand_sample()
    with pytest.raises(ValueError, match="view: expected a name that ends in .html or .glb, got .*hand.obj"):
        write_view(sample, template.faces, tmp_path / "hand.obj")
    without = dataclasses.replace(sample, vertices_mm=None)
    with pytest.raises(ValueError, match="sample: expected one with a mesh of at least 999 vertices, got none"):
        write_view(without, template.faces, tmp_path / "hand.html")
    small = dataclasses.replace(sample, vertices_mm=sample.vertices_mm[:10])
    with pytest.raises(ValueError, match="got one of 10 vertices"):
        write_view(small, template.faces, tmp_path / "hand.glb")
    assert not list(tmp_path.iterdir())


def test_coverage_is_what_the_samples_are():
    samples = [hand_sample("left" if seed < 2 else "right", seed, melanin=0.1 * seed) for seed in range(5)]
    samples[0].extras["towards_camera"] = np.array([0.1, 0.0, -0.99], np.float32)
    facts = coverage(iter(samples))
    assert len(facts) == 5 and facts.left.tolist() == [True, True, False, False, False]
    np.testing.assert_allclose(facts.melanin, [0, 0.1, 0.2, 0.3, 0.4])
    for number, sample in enumerate(samples):
        joints = sample.joints_mm
        steps = [np.linalg.norm(joints[b] - joints[a]) for a, b in ((0, 9), (9, 10), (10, 11), (11, 12))]
        lengths = [values[number] for values in facts.lengths_mm.values()]
        np.testing.assert_allclose(lengths, [sum(steps), np.linalg.norm(joints[5] - joints[17]), steps[1]], rtol=1e-5)
        pixels = project(joints, sample.intrinsics)
        np.testing.assert_allclose(facts.looseness[number], 48 / max(np.ptp(pixels, axis=0)), rtol=1e-5)
        inside = [(u, v) for u, v in pixels if 0 <= u < 64 and 0 <= v < 48]
        assert facts.outside[number] == pytest.approx(1 - len(inside) / 21)
        seen = np.median([sample.image[int(v), int(u)] for u, v in inside], axis=0)
        np.testing.assert_array_equal(facts.tones[number], seen.astype(np.uint8))
        pose = sample.extras["pose_deg"]  # index, middle, ring, little: mcp, pip, dip, spread; then the thumb's five
        np.testing.assert_array_equal(facts.flexion_deg["MCP"][number], pose[[19, 0, 4, 8, 12]])
        np.testing.assert_array_equal(facts.flexion_deg["PIP"][number], pose[[20, 1, 5, 9, 13]])
    np.testing.assert_allclose(facts.roll_deg, 0)
    leaning = np.array([0.5, -(0.75**0.5), 0], np.float32)  # of the render, before a left hand is mirrored
    rolls = [coverage([hand_sample(side, fingers_in_image=leaning)]).roll_deg[0] for side in ("right", "left")]
    np.testing.assert_allclose(rolls, [30, -30], rtol=1e-5)
    np.testing.assert_allclose(facts.distance_mm, 500, rtol=1e-4)
    text = str(coverage(samples[:1]))
    assert facts.kinds["lighting"].tolist() == ["unknown"] * len(samples) and "camera: unknown 100%" in text
    assert "left hands: 100%" in text and "back 100%" in text and all(name in text for name in FACES)


def test_coverage_wants_rendered_samples():
    with pytest.raises(ValueError, match="samples: expected at least one"):
        coverage([])
    bare = hand_sample()
    del bare.extras["melanin"], bare.extras["pose_deg"]
    with pytest.raises(ValueError, match="without melanin, pose_deg"):
        coverage([bare])


@pytest.mark.parametrize("count", [1, 40])
def test_plots_are_drawn_for_few_and_many(tmp_path, count, recwarn):
    draw_coverage(coverage([hand_sample(seed=seed) for seed in range(count)]), tmp_path / "coverage.png")
    picture = cv2.imread(str(tmp_path / "coverage.png"))
    assert picture.shape[0] > 1000 and picture.std() > 20
    assert not [str(one.message) for one in recwarn if "layout" in str(one.message)]
    with pytest.raises(ValueError, match="plots: expected a picture's name such as coverage.png, got .*plots.text"):
        draw_coverage(coverage([hand_sample()]), tmp_path / "plots.text")
