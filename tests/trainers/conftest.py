"""Makes the toy network importable for the tests of this folder and their subprocesses."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
