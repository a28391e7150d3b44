"""Runs all benchmarks with their defaults, each in a process of its own.

    python -m benchmarks

`benchmarks.ablation`, `benchmarks.weak_supervision` and `benchmarks.paper_tables` are not among them: they train for hours.
"""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "inference", "training_step", "cheb_conv", "rasterizer", "depth_loss", "generator", "memory", "record_size",
    "loading", "datasets",
)  # fmt: skip


def main() -> int:
    """Runs the command; returns 1 if a benchmark failed, else 0."""
    failed = [name for name in NAMES if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
