"""Two worlds that share nothing, and the one of all other datasets, whose seeds give what they gave."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tfhand.data import ShardedDataset
from tfhand.data.sample import encode
from tfhand.geometry import project
from tfhand.rendering.background import PATTERNS, BackgroundSource
from tfhand.rendering.camera_effects import CameraParams
from tfhand.rendering.lightings import LIGHTINGS
from tfhand.synthetic.__main__ import main
from tfhand.synthetic.camera import CAMERAS
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig, render_sample, sample_seed
from tfhand.synthetic.split import SPLITS, WORLD_NUMBERS
from tfhand.synthetic.viewpoint import HABITS
from tfhand.synthetic.world import WORLDS, ColourSensor, build_of, get_world, photograph_half

BOTH = ("source", "target")
NUM_SAMPLES = 8


@pytest.fixture(scope="module")
def generators():
    return {world: HandGenerator(SyntheticConfig(size=64, world=world, split="train")) for world in BOTH}


@pytest.fixture(scope="module")
def drawn(generators):
    """A few rendered samples of each world, of the same numbers."""
    return {
        world: [generator.render(sample_seed(0, index, "train", world)) for index in range(NUM_SAMPLES)]
        for world, generator in generators.items()
    }


#: What two seeds give in the world "any" (generator 2.6): config, seed, lighting, camera, melanin, joint 8 (mm), mean colour.
PINNED = [
    (SyntheticConfig(size=64, split="validation"), 5, "shop", "selfie", 0.1150763517287678,
     [-99.295029, -211.782974, 433.046875], [108.208496, 98.433594, 106.860596]),
    (SyntheticConfig(size=64), 11, "snow", "phone", 0.08438678425460604,
     [-153.685623, 13.223898, 364.257935], [101.528320, 83.490234, 79.845703]),
]  # fmt: skip


@pytest.mark.parametrize("config, seed, lighting, camera, melanin, joint, colour", PINNED)
def test_what_a_seed_gives_stays_within_a_version(config, seed, lighting, camera, melanin, joint, colour):
    generator = HandGenerator(config)
    sample = generator.render(seed)
    assert (sample.extras["lighting"], sample.extras["camera"]) == (lighting, camera)
    assert sample.extras["melanin"] == pytest.approx(melanin, abs=1e-12) and "world" not in sample.extras
    np.testing.assert_allclose(sample.joints_mm[8], joint, atol=1e-3)
    # The background too; other versions of the decoders may differ by a grey level here and there.
    np.testing.assert_allclose(sample.image.mean(axis=(0, 1)), colour, atol=0.5)
    assert "world" not in generator.describe()  # folders begun before go on
    assert sample_seed(seed, 7, config.split) == sample_seed(seed, 7, config.split, "any")


def test_worlds_share_no_ingredient():
    source, target = (get_world(name) for name in BOTH)
    for kind, everything in (("lightings", LIGHTINGS), ("cameras", CAMERAS), ("patterns", PATTERNS), ("views", HABITS)):
        one, other = set(getattr(source, kind)), set(getattr(target, kind))
        assert one and other and not one & other and one | other <= set(everything)
        assert tuple(getattr(get_world("any"), kind)) == tuple(everything)
    assert source.build[1] < target.build[0] and source.melanin[1] < target.melanin[0]
    assert source.depth_sensor is None and target.depth_sensor is not None
    assert set(WORLDS) == set(WORLD_NUMBERS) and len(set(WORLD_NUMBERS.values())) == 3
    seeds = {sample_seed(5, index, split, world) for index in range(50) for split in SPLITS for world in WORLDS}
    assert len(seeds) == 50 * len(SPLITS) * len(WORLDS)


def test_rendered_samples_are_of_their_world(drawn, generators):
    names = generators["source"].template.shape_names
    for world, samples in drawn.items():
        for sample in samples:
            low, high = WORLDS[world].build
            assert low <= build_of(sample.extras["shape"], names) < high
            assert WORLDS[world].melanin[0] <= sample.extras["melanin"] < WORLDS[world].melanin[1]
            assert sample.extras["lighting"] in WORLDS[world].lightings
            assert sample.extras["view"] in WORLDS[world].views
            assert sample.extras["camera"] in WORLDS[world].cameras and sample.extras["world"] == world
    assert not {sample.seed for sample in drawn["source"]} & {sample.seed for sample in drawn["target"]}


def test_worlds_share_no_photograph(tmp_path):
    for number in range(60):
        cv2.imwrite(str(tmp_path / f"{number:04d}.jpg"), np.full((32, 32, 3), number, np.uint8))
    found = {}
    for world, split in (("any", "all"), *((world, split) for world in BOTH for split in SPLITS)):
        config = SyntheticConfig(backgrounds=str(tmp_path), world=world, split=split)
        found[world, split] = {path.name for path in HandGenerator(config).backgrounds._paths}
    assert not found["source", "all"] & found["target", "all"]
    assert found["source", "all"] | found["target", "all"] == found["any", "all"]
    for world in BOTH:
        assert {photograph_half(name) for name in found[world, "all"]} == {WORLDS[world].photographs}
        assert not found[world, "train"] & found[world, "validation"] and found[world, "validation"]


def test_backgrounds_keep_to_the_patterns_of_their_name(monkeypatch):
    rng, size = np.random.default_rng(0), (24, 24)
    plain = {name: (lambda rng, size, grey=10 * place: np.full((*size, 3), 40 + grey, np.uint8), 1.0)
             for place, name in enumerate(PATTERNS)}  # fmt: skip
    monkeypatch.setattr("tfhand.rendering.background.PATTERNS", plain)
    monkeypatch.setattr("tfhand.rendering.background._varied", lambda picture, mood, rng: picture)
    seen = [int(BackgroundSource((), 0.0, names=("clouds", "planks")).sample(rng, size)[0, 0, 0]) for _ in range(40)]
    assert set(seen) == {40 + 10 * list(PATTERNS).index(name) for name in ("clouds", "planks")}
    for names in ((), ("clouds", "walls")):
        with pytest.raises(ValueError, match="names: expected some of gradient, .*, got"):
            BackgroundSource((), 0.0, names=names)


def test_target_depth_is_measured_and_the_sources_is_exact(drawn):
    errors, holes = {}, {}
    for world, samples in drawn.items():
        off, lost = [], []
        for sample in samples:
            pixels = project(sample.vertices_mm, sample.intrinsics)
            columns, rows = np.floor(pixels).astype(int).T
            seen = (columns >= 0) & (columns < 64) & (rows >= 0) & (rows < 64)
            depth = sample.depth_mm[rows[seen], columns[seen]]
            gap = np.abs(depth - sample.vertices_mm[seen, 2])[depth > 0]
            off.append(np.median(gap[gap < 8]) if (gap < 8).any() else np.nan)
            lost.append((sample.depth_mm[sample.hand_alpha == 255] == 0).mean())
        errors[world], holes[world] = np.nanmean(off), np.mean(lost)
    assert holes["source"] < 0.005 < 0.01 < holes["target"] < 0.3
    assert errors["target"] > errors["source"] + 0.15
    for sample in drawn["target"]:  # the two maps agree where the hand is
        hand = sample.depth_mm > 0
        np.testing.assert_array_equal(sample.depth_mm[hand], sample.scene_depth_mm[hand])
        # And a pixel at the hand's edge reads the hand or what is behind it, never something in between or beyond.
        z = sample.vertices_mm[:, 2]
        assert ((sample.depth_mm[hand] > z.min() - 40) & (sample.depth_mm[hand] < z.max() + 60)).mean() > 0.995


def test_sensor_is_put_on_top_of_what_is_drawn():
    camera = CameraParams.sample(np.random.default_rng(1))
    sensor = ColourSensor((0.5, 1.0, 2.0), 0.5, 3.0, (0.4, 0.6), (30, 60))
    seen = sensor(camera)
    np.testing.assert_allclose(seen.white_balance, camera.white_balance * [0.5, 1, 2])
    assert seen.saturation == camera.saturation / 2 and seen.read_noise == pytest.approx(3 * camera.read_noise)
    assert 0.4 <= seen.resolution <= 0.6 and 30 <= seen.jpeg_quality <= 60
    assert seen.exposure == camera.exposure and seen.noise_seed == camera.noise_seed
    plain = ColourSensor()(camera)
    for name, value in vars(camera).items():
        np.testing.assert_array_equal(getattr(plain, name), value)


def test_command_line_renders_a_world(tmp_path, capsys):
    command = ["generate", "--num", "2", "--workers", "1", "--size", "64", "--quiet", "--world", "target"]
    assert main([*command, "--out", str(tmp_path / "target")]) == 0
    dataset = ShardedDataset(tmp_path / "target", with_depth=True)
    assert dataset.info["config"]["world"] == "target"
    config = SyntheticConfig(size=64, world="target")
    assert dataset.raw(1) == encode(render_sample(sample_seed(0, 1, "all", "target"), config))
    with pytest.raises(SystemExit):
        main([*command[:-1], "moon", "--out", str(tmp_path / "moon")])
    with pytest.raises(ValueError, match="world: expected one of any, source, target, got 'moon'"):
        SyntheticConfig(world="moon")


def test_a_template_without_the_keys_of_build_is_told():
    with pytest.raises(ValueError, match="worlds need shape keys .*; it lacks palm_width, weight"):
        get_world("target").accepts_shape(np.zeros(2), ("finger_thickness", "muscle"))
