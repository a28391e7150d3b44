"""Images of every kind become 8-bit RGB or one clear error; files are whole or not there."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfhand.io import atomic_path, make_folder, read_image, to_rgb_uint8


@pytest.fixture
def picture(rng) -> np.ndarray:
    return rng.integers(0, 256, (12, 20, 3), dtype=np.uint8)


def test_rgb_png_is_read_exactly(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.dtype == np.uint8 and image.flags.c_contiguous and image.flags.writeable
    np.testing.assert_array_equal(image, picture)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, picture, orientation):
    stored = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.transpose(1, 0, 2),
        6: np.rot90(picture, 1),
        7: np.rot90(picture, 2).transpose(1, 0, 2),
        8: np.rot90(picture, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), picture)


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16", "RGB"])
def test_turned_tiff_files_come_upright(tmp_path, picture, mode):
    image = Image.fromarray(picture[..., 0].astype(np.uint16) << 8) if mode == "I;16" else Image.fromarray(picture).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(image), 1)))
    image.save(tmp_path / "upright.tif")
    stored.save(tmp_path / "turned.tif", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.tif"), read_image(tmp_path / "upright.tif"))


def test_grey_becomes_three_equal_channels(tmp_path, picture):
    Image.fromarray(picture[..., 0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.repeat(picture[..., :1], 3, axis=2))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bit_grey_keeps_its_upper_bits(tmp_path, picture, suffix):
    deep = picture[..., 0].astype(np.uint16) * 256 + 200
    Image.fromarray(deep).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}"), np.repeat(picture[..., :1], 3, axis=2))


def test_16_bit_rgb(tmp_path, picture):
    cv2 = pytest.importorskip("cv2")
    deep = picture.astype(np.uint16) * 256 + 17
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), picture)


def test_transparent_pixels_are_laid_over_white(tmp_path, picture):
    alpha = np.full((12, 20, 1), 255, np.uint8)
    alpha[:6] = 0
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image[6:], picture[6:])
    assert (image[:6] == 255).all()


def test_palette_with_and_without_transparency(tmp_path, picture):
    palette = Image.fromarray(picture).quantize(16)
    palette.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.array(palette.convert("RGB")))
    palette.save(tmp_path / "b.png", transparency=0)
    see_through = np.array(palette) == 0
    assert see_through.any() and (read_image(tmp_path / "b.png")[see_through] == 255).all()


def test_cmyk_jpeg(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red = read_image(tmp_path / "a.jpg")[8, 8]
    assert red[0] > 200 and red[1] < 60 and red[2] < 60


def test_bilevel_and_first_frame_of_an_animation(tmp_path, picture):
    Image.fromarray(picture[..., 0]).convert("1").save(tmp_path / "a.png")
    assert set(np.unique(read_image(tmp_path / "a.png"))) <= {0, 255}
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(tmp_path / "a.gif")[0, 0], [255, 0, 0])


def test_what_is_not_an_image_is_named(tmp_path, picture):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not an image at all")
    (tmp_path / "folder.jpg").mkdir()
    for name in ("empty.jpg", "text.jpg"):
        with pytest.raises(ValueError, match=name):
            read_image(tmp_path / name)
    for name in ("folder.jpg", "missing.jpg"):
        with pytest.raises(OSError, match=name):
            read_image(tmp_path / name)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tiff", "webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_named(tmp_path, rng, suffix, share):
    path = tmp_path / f"half.{suffix}"
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=f"half.{suffix}"):
        read_image(path)


def test_enormous_images_are_refused_before_decoding(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="a.png is too large: 240 pixels"):
        read_image(tmp_path / "a.png", max_pixels=239)
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(ValueError, match="bomb.png is too large"):
        read_image(tmp_path / "bomb.png")


def test_arrays_become_uint8_rgb(picture):
    assert to_rgb_uint8(picture) is picture
    np.testing.assert_array_equal(to_rgb_uint8(picture / 255.0), picture)
    np.testing.assert_array_equal(to_rgb_uint8(picture.astype(np.float32) / 255.0), picture)
    np.testing.assert_array_equal(to_rgb_uint8(picture.astype(np.uint16) * 257), picture)
    np.testing.assert_array_equal(to_rgb_uint8(picture[..., 0])[..., 2], picture[..., 0])
    np.testing.assert_array_equal(to_rgb_uint8(np.eye(4, dtype=bool))[..., 0], np.eye(4) * 255)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((2, 4, 4, 3), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "at least one pixel"),
        (np.full((4, 4, 3), 255.0), "within 0..1"),
        (np.full((4, 4, 3), np.nan), "within 0..1"),
        (np.zeros((4, 4, 3), np.int64), "dtype"),
    ],
)
def test_arrays_that_are_no_images(array, message):
    with pytest.raises(ValueError, match=f"photo: expected .*{message}"):
        to_rgb_uint8(array, name="photo")


def test_atomic_path_puts_a_whole_file_in_place(tmp_path):
    target = tmp_path / "new" / "mesh.npz"
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent and temporary.suffix == ".npz"
        np.savez(temporary, a=1)
        assert not target.exists()
    assert np.load(target)["a"] == 1
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_atomic_path_leaves_the_old_file_when_the_body_fails(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error):
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise error
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_atomic_path_names_the_file_when_the_disk_is_full(tmp_path):
    with pytest.raises(OSError, match="a.txt") as caught:
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.errno == errno.ENOSPC and not list(tmp_path.iterdir())


def test_atomic_path_on_a_full_device(tmp_path):
    with pytest.raises(OSError, match="a.txt"):
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.symlink_to("/dev/full")
            with open(temporary, "w") as file:
                file.write("x")
    assert not list(tmp_path.iterdir())


def test_atomic_path_takes_names_as_long_as_the_disk_does(tmp_path):
    path = tmp_path / ("漢" * 75 + ".txt")
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_written_to_is_named(tmp_path):
    folder = Path("/proc/self/fd")  # a folder in which nobody can make a file
    if not folder.is_dir():
        pytest.skip("no /proc here")
    with pytest.raises(OSError, match="--out: the folder /proc/self/fd can't be written to"):
        make_folder(folder, "--out")
    with pytest.raises(OSError) as error, atomic_path(folder / "a.txt") as temporary:
        temporary.write_text("never")
    assert error.value.filename == str(folder / "a.txt")


def test_atomic_path_needs_something_written(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing was written for .*a.txt"):
        with atomic_path(tmp_path / "a.txt"):
            pass


def test_atomic_path_replaces_folders(tmp_path):
    target = tmp_path / "saved_model"
    for content in ("first", "second"):
        with atomic_path(target) as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert [path.name for path in target.iterdir()] == ["second"]
    assert list(tmp_path.iterdir()) == [target]


def test_make_folder(tmp_path):
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b" and (tmp_path / "a" / "b").is_dir()
    (tmp_path / "a" / "file").write_text("kept")
    make_folder(tmp_path / "a")
    for path in ("a/file", "a/file/b", "a/file/b/c"):
        with pytest.raises(NotADirectoryError, match=f"--out: expected a folder or a new name, got .*{path}; .*file is a file"):
            make_folder(tmp_path / path, "--out")
    with pytest.raises(OSError, match="out: the folder .* can't be made: File name too long"):
        make_folder(tmp_path / ("x" * 300))
    assert (tmp_path / "a" / "file").read_text() == "kept"
