"""Latency, size, memory and multiply-adds of every export of every preset, beside MediaPipe's hand landmark models.

    python -m export.benchmark --presets mobile paper --out exports/benchmark
    python -m export.benchmark --mediapipe mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl

Exports what `--out` does not hold of today's weights (presets without shipped weights get random ones: as fast as trained ones). Every
file runs in a process of its own, one image at a time; all take turns, several times over, so that a busy moment of the
machine does not fall on one of them. MediaPipe's models (`hand_landmark_full`, `_lite`) come from the installed package
or from its wheel, which need not be installed; without either they are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from export.contract import QUANTIZATIONS, ExportError
from export.measure import KERAS_PREFIX
from export.metadata import fingerprint
from export.multiply_adds import tflite_multiply_adds
from export.round_weights import round_weights
from export.runners import read_metadata
from tfhand.compiled import KernelError
from tfhand.io import atomic_path, make_folder
from tfhand.models import HandMeshNet, load_network
from tfhand.models.weight_files import shipped_weights

_MODELS = ("hand_landmark_full.tflite", "hand_landmark_lite.tflite")
_MODEL_FOLDER = "modules/hand_landmark"
#: Module that writes it, ending of its names, quantisations.
FORMATS = {
    "tflite": ("export.tflite", "{}.tflite", ("none", "fp16", "dynamic", "int8")),
    "onnx": ("export.onnx", "{}.onnx", ("none", "fp16", "dynamic")),
    "saved_model": ("export.saved_model", "{}_saved_model", ("none",)),
}
RUNTIMES = {"tflite": "LiteRT", "onnx": "ONNX Runtime", "saved_model": "SavedModel", "keras": "Keras predict"}


@dataclass
class Entry:
    """One file, or the network in Keras, and what was measured of it.

    Attributes:
        network: preset, or MediaPipe's name.
        runtime: key of `RUNTIMES`.
        quantize: how weights are stored.
        target: what `export.measure` takes.
        megabytes: size of the file or folder; None in Keras.
        multiply_adds: of one image; None where unknown.
        milliseconds: by number of threads, all runs.
        peak_mb: by number of threads, memory that loading and running took.
    """

    network: str
    runtime: str
    quantize: str
    target: str
    megabytes: float | None = None
    multiply_adds: int | None = None
    milliseconds: dict[int, list[float]] = field(default_factory=dict)
    peak_mb: dict[int, float] = field(default_factory=dict)


def export_all(presets: Sequence[str], formats: Sequence[str], quantizations: Sequence[str], out: Path) -> list[Entry]:
    """Exports what `out` does not hold of these weights. What can't be exported is said on standard error and left out."""
    entries = []
    for preset in presets:
        products, weights = None, _weights(preset, out)
        made_from = fingerprint(load_network(preset, weights))
        for kind in formats:
            module, pattern, known = FORMATS[kind]
            for quantize in (one for one in known if one in quantizations):
                path = out / pattern.format(f"{preset}_{quantize}")
                if not _is_of(path, made_from) and not _export(module, preset, weights, quantize, path):
                    continue
                products = tflite_multiply_adds(path) if kind == "tflite" and products is None else products
                entries.append(Entry(preset, kind, quantize, str(path), _megabytes(path), products))
        entries.append(Entry(preset, "keras", "none", f"{KERAS_PREFIX}{preset}", None, products))
    return entries


def _weights(preset: str, out: Path) -> str:
    """The shipped weights, or a file of random ones."""
    if shipped_weights(preset).is_file():
        return "default"
    path = out / f"{preset}_random.safetensors"
    if not path.is_file():
        model = HandMeshNet.from_preset(preset)
        round_weights(model)
        model.save_preset_weights(path)
    return str(path)


def _is_of(path: Path, made_from: str) -> bool:
    """Whether a file is there and was exported from the weights of this fingerprint."""
    try:
        return path.exists() and read_metadata(path)["weights_sha256"] == made_from
    except (ValueError, KeyError, OSError, ModuleNotFoundError):
        return False


def _export(module: str, preset: str, weights: str, quantize: str, path: Path) -> bool:
    command = [sys.executable, "-m", module, "--preset", preset, "--weights", weights, "--quantize", quantize, "--out", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print((done.stdout or done.stderr).strip().splitlines()[-1], file=sys.stderr)
    return done.returncode == 0


def mediapipe_entries(source: Path | None, cache: Path) -> list[Entry]:
    """MediaPipe's hand landmark models, read out of its wheel or package; none where it is absent.

    Args:
        source: the wheel, or a folder with the models; None looks for the installed package.
        cache: folder to unpack a wheel's models into.

    Raises:
        ValueError: `source` holds none of them.
    """
    folder = source
    if source is None:
        spec = importlib.util.find_spec("mediapipe")
        if spec is None or not spec.submodule_search_locations:
            return []
        folder = Path(next(iter(spec.submodule_search_locations))) / _MODEL_FOLDER
    elif source.is_file():
        folder = cache
        try:
            with zipfile.ZipFile(source) as wheel:
                for name in _MODELS:
                    with atomic_path(cache / name) as temporary:
                        temporary.write_bytes(wheel.read(f"mediapipe/{_MODEL_FOLDER}/{name}"))
        except (zipfile.BadZipFile, KeyError) as error:
            raise ValueError(f"--mediapipe: expected a wheel of mediapipe 0.10.21, got {source}: {error}.") from error
    found = [folder / name for name in _MODELS if (folder / name).is_file()]
    if source is not None and not found:
        raise ValueError(f"--mediapipe: expected a wheel, or a folder with {' and '.join(_MODELS)}, got {source}.")
    return [
        Entry(f"MediaPipe {path.stem}", "tflite", "fp16", str(path), _megabytes(path), tflite_multiply_adds(path))
        for path in found
    ]


def measure_all(entries: Sequence[Entry], threads: Sequence[int], repeats: int, rounds: int) -> None:
    """Fills in latencies and memory: all entries take turns.

    Raises:
        ExportError: an entry can't be run; the message has its own.
    """
    turns = list(itertools.product(range(rounds), threads, entries))
    with tqdm(turns, unit="turn", disable=None) as bar:
        for _, count, entry in bar:
            bar.set_description(f"{entry.network} in {RUNTIMES[entry.runtime]}, {entry.quantize}")
            command = [sys.executable, "-m", "export.measure", entry.target, "--threads", str(count)]
            done = subprocess.run([*command, "--repeats", str(repeats)], capture_output=True, text=True, check=False)
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
                raise ExportError(f"{entry.target} can't be measured: {reason}")
            figures = json.loads(done.stdout.strip().splitlines()[-1])
            entry.milliseconds.setdefault(count, []).extend(figures["milliseconds"])
            if figures["peak_mb"] is not None:
                entry.peak_mb[count] = max(figures["peak_mb"], entry.peak_mb.get(count, 0.0))


def table(entries: Sequence[Entry], threads: Sequence[int]) -> str:
    """The figures as a Markdown table."""
    headers = ["network", "runtime", "weights", "MB", "M multiply-adds"]
    headers += [f"{count} thread{'s' * (count > 1)}: median, p90 ms" for count in threads] + ["peak MB"]
    lines = [headers, ["---"] * len(headers)]
    for entry in entries:
        row = [entry.network, RUNTIMES[entry.runtime], entry.quantize]
        row.append("" if entry.megabytes is None else f"{entry.megabytes:.1f}")
        row.append("" if entry.multiply_adds is None else f"{entry.multiply_adds / 1e6:.0f}")
        for count in threads:
            median, p90 = np.percentile(entry.milliseconds[count], [50, 90])
            row.append(f"{median:.2f}, {p90:.2f}")
        lines.append([*row, f"{max(entry.peak_mb.values()):.0f}" if entry.peak_mb else ""])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Benchmarks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.benchmark", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", default=["mobile"], help="default: mobile")
    parser.add_argument("--formats", nargs="+", choices=tuple(FORMATS), default=list(FORMATS), help="default: all")
    parser.add_argument("--quantize", nargs="+", choices=QUANTIZATIONS, default=list(QUANTIZATIONS), help="default: all")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="default: 1 2")
    parser.add_argument("--repeats", type=int, default=50, help="timed runs in a turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns (default: %(default)s)")
    parser.add_argument("--mediapipe", type=Path, help="its wheel, or a folder with its models (default: if installed)")
    parser.add_argument("--out", type=Path, default=Path("exports/benchmark"), help="files and figures (default: %(default)s)")
    arguments = parser.parse_args(argv)
    try:
        if min(arguments.repeats, arguments.rounds, *arguments.threads) < 1:
            raise ValueError("--repeats, --rounds, --threads: expected 1 or more.")
        from tfhand.models import get_preset

        for preset in arguments.presets:
            get_preset(preset)
        make_folder(arguments.out, "--out")
        entries = mediapipe_entries(arguments.mediapipe, arguments.out)
        entries += export_all(arguments.presets, arguments.formats, arguments.quantize, arguments.out)
        measure_all(entries, arguments.threads, arguments.repeats, arguments.rounds)
        with atomic_path(arguments.out / "benchmark.json") as temporary:
            temporary.write_text(json.dumps([vars(entry) for entry in entries]) + "\n", encoding="utf-8")
        print(table(entries, arguments.threads))
    except (ValueError, OSError, ModuleNotFoundError, ExportError, KernelError) as error:
        print(f"export.benchmark: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
