"""What a set of synthetic samples covers, as a picture: views, poses, sizes, skins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import FINGER_COLOURS, FINGERS
from tfhand.io import atomic_path
from tfhand.rendering import srgb
from tfhand.rendering.skin import skin_albedo
from tfhand.synthetic.inspect.coverage import Coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure
    from matplotlib.gridspec import SubplotSpec

_BLUE, _ORANGE, _GREEN = "#2f6fb7", "#d9772b", "#4b9b57"
#: Where the ends of the hand's axes lie on the map, degrees of longitude and latitude; the back is its rim.
_PLACES = {"palm": (0, 0), "thumb side": (90, 0), "little side": (-90, 0), "finger tips": (0, 86), "wrist": (0, -86),
           "back": (172, 0)}  # fmt: skip
#: Patches of the map: rows of equal height on the sphere, twice as many columns; fewer where samples are few.
_ROWS = (2, 12)
_PER_PATCH = 6


def check_plots(picture: str | Path) -> str:
    """The format of plots that are drawn into a file of this name, such as "png".

    Raises:
        ValueError: a suffix of no format that can be drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    suffix = Path(picture).suffix.lower().removeprefix(".")
    if suffix not in FigureCanvasAgg.filetypes:
        raise ValueError(f"plots: expected a picture's name such as coverage.png, got {picture}.")
    return suffix


def draw_coverage(facts: Coverage, picture: str | Path) -> None:
    """Draws the plots of a set.

    Args:
        facts: of its samples.
        picture: file to write; its suffix says the format, such as .png or .pdf.

    Raises:
        ValueError: a suffix of no format that can be drawn.
        OSError: the file can't be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    suffix = check_plots(picture)
    figure = Figure(figsize=(15, 10.2), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{len(facts):,} hands, {facts.left.mean():.0%} of them left", fontsize=13)
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(1.3, 0.85, 1.05))
    row = top.add_gridspec(1, 3, width_ratios=(2.4, 1, 1.5))
    _view_map(top.add_subplot(row[0], projection="mollweide"), facts, top)
    _roll_rose(top.add_subplot(row[1], projection="polar"), facts)
    _boxes(top.add_subplot(row[2]), facts)
    for place, axes in enumerate(middle.subplots(1, len(FINGERS), sharex=True, sharey=True)):
        _curls(axes, facts, place)
    row = bottom.add_gridspec(1, 3, width_ratios=(1.2, 1, 1.2))
    _lengths(bottom.add_subplot(row[0]), facts)
    _distances(bottom.add_subplot(row[1]), facts)
    _skins(bottom, row[2], facts)
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, format=suffix, dpi=120)


def _view_map(axes: Axes, facts: Coverage, figure: SubFigure) -> None:
    """An equal-area map of the directions to the camera, as multiples of an even spread; the palm is its middle."""
    radial, distal, palmar = facts.towards.T
    longitude, latitude = np.arctan2(radial, palmar), np.arcsin(np.clip(distal, -1, 1))
    rows = int(np.clip((len(facts) / _PER_PATCH / 2) ** 0.5, *_ROWS))
    across = np.linspace(-np.pi, np.pi, 2 * rows + 1)
    up = np.linspace(-1, 1, rows + 1)  # sines of the latitudes: rows of equal area
    counts = np.histogram2d(np.sin(latitude), longitude, bins=(up, across))[0]
    shares = counts / len(facts) * counts.size
    # Edges between the bins' own, for rounded patches.
    fine = np.linspace(-np.pi, np.pi, 24 * rows + 1)
    patches = np.repeat(shares, 12, axis=1)
    drawn = axes.pcolormesh(fine, np.arcsin(up), patches, cmap="YlGnBu", vmin=0, shading="flat", rasterized=True)
    axes.plot(longitude[:3000], latitude[:3000], ".", color="#26313a", markersize=1.6, alpha=0.35, markeredgewidth=0)
    for name, (east, north) in _PLACES.items():
        place = np.deg2rad([east, north])
        rim = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
        axes.annotate(name, place, ha="center", va="center", fontsize=8, bbox=rim)
    axes.set(xticklabels=[], yticklabels=[])
    axes.set_title("side that is seen (equal-area map, the back at both ends)", fontsize=10)
    axes.grid(alpha=0.3)
    figure.colorbar(drawn, ax=axes, shrink=0.75, pad=0.02, label="times an even spread")


def _roll_rose(axes: Axes, facts: Coverage) -> None:
    edges = np.linspace(-180, 180, 25)
    counts = np.histogram(facts.roll_deg, edges)[0] / len(facts)
    middles = np.deg2rad((edges[1:] + edges[:-1]) / 2)
    axes.bar(middles, counts**0.5, width=np.deg2rad(15), color=_BLUE, alpha=0.75, edgecolor="white", linewidth=0.6)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_xticks(np.deg2rad([0, 90, 180, 270]), ["up", "right", "down", "left"], fontsize=8)
    axes.set(yticklabels=[])
    axes.set_title("fingers point in the image", fontsize=10)
    axes.grid(alpha=0.3)


def _boxes(axes: Axes, facts: Coverage) -> None:
    low, high = np.percentile(facts.looseness, [0.1, 99.9])
    edges = np.linspace(low - 0.05, high + 0.05, 31)
    axes.hist(np.clip(facts.looseness, low, high), edges, color=_BLUE, alpha=0.75, edgecolor="white", linewidth=0.6)
    cut = np.mean(facts.outside > 0)
    axes.set(xlabel="side of the box / extent of the joints", ylabel="share of hands", yticks=[])
    axes.set_title(f"crop boxes; {cut:.0%} of the hands cut by the border", fontsize=10)
    axes.grid(alpha=0.3)


def _curls(axes: Axes, facts: Coverage, place: int) -> None:
    finger = FINGERS[place]
    colour = np.array(FINGER_COLOURS[finger]) / 255 * 0.85
    edges = np.arange(-40, 131, 5.0)
    for (name, values), look in zip(facts.flexion_deg.items(), ("filled", "line"), strict=True):
        label = "IP" if (name, finger) == ("PIP", "thumb") else name
        angles = np.clip(values[:, place], edges[0], edges[-1])
        options = {"density": True, "color": colour, "label": f"{label}: {np.median(angles):.0f}°"}
        if look == "filled":
            axes.hist(angles, edges, histtype="stepfilled", alpha=0.45, **options)
        else:
            axes.hist(angles, edges, histtype="step", linewidth=1.6, **options)
    axes.set(xlabel="flexion, degrees", yticks=[], xticks=range(-30, 121, 30))
    axes.set_title(f"{finger} finger" if finger != "thumb" else finger, fontsize=10)
    axes.legend(fontsize=8, frameon=False, title="median", title_fontsize=8, loc="upper right")
    axes.grid(alpha=0.3)


def _lengths(axes: Axes, facts: Coverage) -> None:
    longest = max(values.max() for values in facts.lengths_mm.values())
    edges = np.arange(0, longest + 4, 2.0)
    for (name, values), colour in zip(facts.lengths_mm.items(), (_BLUE, _ORANGE, _GREEN), strict=True):
        axes.hist(values, edges, color=colour, alpha=0.7, label=f"{name}: {np.median(values):.0f} mm")
    axes.set(xlabel="length along the bones, mm", ylabel="share of hands", yticks=[], xlim=(0, None))
    axes.set_title("sizes of hands (medians)", fontsize=10)
    axes.legend(fontsize=8, frameon=False, loc="upper right", bbox_to_anchor=(1.0, 1.0))
    axes.margins(y=0.3)
    axes.grid(alpha=0.3)


def _distances(axes: Axes, facts: Coverage) -> None:
    distances = facts.distance_mm
    low, high = distances.min() * 0.95, distances.max() * 1.05
    axes.hist(distances, np.geomspace(low, high, 31), color=_BLUE, alpha=0.75, edgecolor="white", linewidth=0.6)
    axes.axvline(np.median(distances), color="#26313a", linewidth=1.2, label=f"median {np.median(distances):.0f} mm")
    axes.set(xscale="log", xlabel="distance to the camera, mm", ylabel="share of hands", yticks=[])
    ticks = [mm for mm in (100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 5000) if low <= mm <= high]
    axes.set_xticks(ticks, [str(mm) for mm in ticks])
    axes.set_xticks([], minor=True)
    axes.set_title("distances", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    axes.grid(alpha=0.3)


def _skins(figure: SubFigure, place: SubplotSpec, facts: Coverage) -> None:
    """Pigment above, as bars in its own colour; below, what the pictures show, from light skin to dark."""
    parts = place.subgridspec(2, 1, height_ratios=(3, 1))
    upper, lower = figure.add_subplot(parts[0]), figure.add_subplot(parts[1])
    edges = np.linspace(0, 1, 26)
    middles = (edges[1:] + edges[:-1]) / 2
    counts = np.histogram(np.clip(facts.melanin, 0, 1), edges)[0]
    upper.bar(middles, counts, width=0.04, color=_skin_colours(middles), edgecolor="#26313a", linewidth=0.4)
    upper.set(xlabel="melanin", ylabel="share of hands", yticks=[], xlim=(0, 1))
    upper.set_title("skins: pigment, and hands as photographed", fontsize=10)
    upper.grid(alpha=0.3)
    order = np.argsort(facts.melanin, kind="stable")
    shown = order[np.linspace(0, len(order) - 1, min(len(order), 240)).astype(int)]
    columns = -(-len(shown) // 4)
    swatches = np.full((4 * columns, 3), 255, np.uint8)
    swatches[: len(shown)] = facts.tones[shown]
    lower.imshow(swatches.reshape(columns, 4, 3).transpose(1, 0, 2), aspect="auto", interpolation="nearest")
    lower.set(xticks=[], yticks=[], xlabel="light to dark skin")


def _skin_colours(melanin: np.ndarray) -> np.ndarray:
    """Returns sRGB (N, 3) 0..1 of skin with so much melanin in even light."""
    light = skin_albedo(melanin.astype(np.float32), np.full(len(melanin), 0.75, np.float32), 0.5).T
    return np.clip(srgb.from_linear(light), 0, 1)
