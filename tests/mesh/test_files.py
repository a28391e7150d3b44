"""Templates, OBJ and GLB on disk, and meshes that can't be templates."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from tfhand.mesh import HandTemplate
from tfhand.mesh.obj import read_obj, write_obj
from tfhand.mesh.validation import check_mesh

_TETRAHEDRON = """
v 0 0 0
v 1 0 0
v 0 1 0
v 0 0 1
f 1 3 2
f 1 2 4
f 2 3 4
f 3 1 4
"""


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def test_saving_and_loading_gives_the_same_template_and_the_same_bytes(template, tmp_path):
    template.save(tmp_path / "one.npz")
    loaded = HandTemplate.load(tmp_path / "one.npz")
    loaded.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert (tmp_path / "one.npz").stat().st_size < 3e6
    rotations = template.bone_rotations(np.full((20, 3), 0.2))
    np.testing.assert_array_equal(loaded.pose(rotations).joints, template.pose(rotations).joints)
    assert loaded.shape_names == template.shape_names
    assert (loaded.joint_regressor != template.joint_regressor).nnz == 0


def test_template_from_obj_round_trip(template, tmp_path):
    template.to_obj(tmp_path / "hand.obj", template.vertices)
    bare = HandTemplate.from_obj(tmp_path / "hand.obj")
    np.testing.assert_array_equal(bare.faces, template.faces)
    np.testing.assert_allclose(bare.vertices, template.vertices, atol=1e-3)
    np.testing.assert_array_equal(bare.graph.permutation, template.graph.permutation)
    with pytest.raises(ValueError, match="expected one with a rig"):
        bare.pose()
    bare.save(tmp_path / "bare.npz")
    assert HandTemplate.load(tmp_path / "bare.npz").rig is None


def test_small_mesh_as_template(tmp_path):
    (tmp_path / "small.obj").write_text(_TETRAHEDRON)
    small = HandTemplate.from_obj(tmp_path / "small.obj")
    assert small.num_vertices == 4
    assert small.graph.num_places % 16 == 0


def test_obj_variants_are_read(tmp_path):
    text = "# c\no thing\nvt 0 0\nvn 0 0 1\nv 0 0 0 1\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1/1/1 2//1 3/1 -1\n"
    (tmp_path / "quad.obj").write_text(text)
    vertices, faces = read_obj(tmp_path / "quad.obj")
    assert vertices.shape == (4, 3)
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected vertices and faces, got 0 and 0"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\n", "expected vertices and faces, got 3 and 0"),
        ("v 0 0\n", "line 1: expected an OBJ vertex or face"),
        ("v 0 0 zero\n", "line 1: expected an OBJ vertex or face"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\n", "line 4: expected an OBJ vertex or face"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 0\n", "line 4: expected an OBJ vertex or face"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", r"expected vertex indices in 1\.\.3, got 1\.\.9"),
        ("v 0 0 0\nv 1 0 0\nv 0 nan 0\nf 1 2 3\n", "expected finite coordinates, 1 vertices"),
        ("v 0 0 0\nv 1 0 0\nv 0 inf 0\nf 1 2 3\n", "expected finite coordinates, 1 vertices"),
        ("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "1 are degenerate"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 2\n", "1 are degenerate"),
        (_TETRAHEDRON + "v 9 9 9\n", r"1 are unreferenced \(first: 4\)"),
        (_TETRAHEDRON + "f 1 3 2\n", "1 are repeated"),
        (_TETRAHEDRON + "v 0 0 -1\nf 1 2 5\n", "expected a manifold, 1 edges have more than two faces"),
        (_TETRAHEDRON.replace("f 1 3 2", "f 1 2 3"), "wind against each other"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nv -1 0 1\nv 0 -1 1\nf 1 2 3\nf 1 4 5\n", "two sheets touch in vertex 0"),
    ],
)
def test_bad_meshes_are_refused_with_one_clear_error(tmp_path, text, message):
    path = tmp_path / "bad.obj"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        HandTemplate.from_obj(path)
    assert str(path) in str(error.value)


def test_two_closed_sheets_that_touch_in_a_vertex_are_refused():
    one = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]])
    relabel = np.array([0, 4, 5, 6])
    faces = np.concatenate([one, relabel[one][:, ::-1]])
    with pytest.raises(ValueError, match="two sheets touch in vertex 0"):
        check_mesh(vertices, faces)


@pytest.mark.parametrize("content", [b"", b"not a template", b"PK\x03\x04 cut off"])
def test_files_that_are_no_templates_are_refused(tmp_path, content):
    path = tmp_path / "template.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected a hand template"):
        HandTemplate.load(path)


def test_truncated_and_foreign_archives_are_refused(template, tmp_path):
    template.save(tmp_path / "whole.npz")
    data = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(data[: len(data) // 2])
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="expected a hand template"):
        HandTemplate.load(tmp_path / "half.npz")
    with pytest.raises(ValueError, match="it lacks .*'faces'"):
        HandTemplate.load(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        HandTemplate.load(tmp_path / "none.npz")


def test_glb_holds_the_mesh(template, tmp_path):
    template.to_glb(tmp_path / "hand.glb", template.vertices + [0, 0, 500])
    data = (tmp_path / "hand.glb").read_bytes()
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    description = json.loads(data[20 : 20 + size])
    body = data[28 + size :]
    assert description["buffers"][0]["byteLength"] == len(body)
    positions, normals, indices = (
        np.frombuffer(
            body[view["byteOffset"] : view["byteOffset"] + view["byteLength"]], dtype
        ).reshape(-1, 3)
        for view, dtype in zip(description["bufferViews"], ("<f4", "<f4", "<u4"))
    )
    expected = (template.vertices + [0, 0, 500]) * [1e-3, -1e-3, -1e-3]
    np.testing.assert_allclose(positions, expected, atol=1e-6)
    np.testing.assert_array_equal(indices, template.faces)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    trimesh = pytest.importorskip("trimesh")
    assert len(trimesh.load(tmp_path / "hand.glb", force="mesh").faces) == len(template.faces)


def test_meshes_of_another_size_are_not_written(template, tmp_path):
    with pytest.raises(ValueError, match="vertices_mm: expected shape"):
        template.to_glb(tmp_path / "hand.glb", np.zeros((7, 3)))
    assert list(tmp_path.iterdir()) == []


def test_obj_round_trip(template, tmp_path):
    write_obj(tmp_path / "hand.obj", template.surface_vertices, template.surface_faces)
    vertices, faces = read_obj(tmp_path / "hand.obj")
    np.testing.assert_allclose(vertices, template.surface_vertices, atol=1e-3)
    np.testing.assert_array_equal(faces, template.surface_faces)
