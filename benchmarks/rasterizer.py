"""The rasteriser alone: the hand's surface and the network mesh at several image sizes.

    python -m benchmarks.rasterizer --sizes 32 64 256 512
"""

from __future__ import annotations

import numpy as np

from benchmarks.common import TIMING_HEADERS, measure, parser, print_machine, print_table


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=50, threads=False)
    options.add_argument("--sizes", nargs="+", type=int, default=[32, 64, 256, 512], help="sides of the images")
    args = options.parse_args(arguments)
    print_machine()
    from tfhand.mesh import HandTemplate
    from tfhand.rendering.rasterizer import rasterize

    template = HandTemplate.load()
    rows = []
    meshes = (
        ("network mesh", template.surface_vertices[template.vertex_ids], template.faces),
        ("rig surface", template.surface_vertices, template.surface_faces),
    )
    for name, rest, faces in meshes:
        vertices = (rest - rest.mean(axis=0) + [0.0, 0.0, 600.0]).astype(np.float32)
        for size in args.sizes:
            intrinsics = np.array([2.5 * size, 2.5 * size, size / 2, size / 2], np.float32)
            timing = measure(lambda v=vertices, f=faces, i=intrinsics, s=size: rasterize(v, f, i, (s, s)), args.repeats)
            rows.append([name, str(len(faces)), f"{size} x {size}", *timing.cells(1)])
    print_table("Rasteriser, one mesh a call", ["mesh", "triangles", "image", *TIMING_HEADERS], rows)


if __name__ == "__main__":
    main()
