"""The promises of the package as a whole: what is installed, what imports what, what the README says."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tfhand

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "tfhand" / "assets"

#: What the modules of a room may import at their top, beside the standard library and tfhand itself.
ALLOWED_IMPORTS = {
    "geometry": {"numpy", "keras"},  # keras in camera_ops alone, which the package does not import
    "mesh": {"numpy", "scipy"},
    "layers": {"numpy", "scipy", "keras"},
    "models": {"numpy", "scipy", "keras"},
    "losses": {"numpy", "scipy", "keras"},
    "metrics": {"numpy", "keras"},
}


def run_python(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )


def readme_commands() -> list[str]:
    """The command lines of the README's and docs' ```bash blocks, continuation lines joined, comments removed."""
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split(" #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def programs() -> dict[str, set[str]]:
    """Every program that the README calls -> the options it is called with."""
    found: dict[str, set[str]] = {}
    for line in readme_commands():
        match = re.match(r"(?:\S+=\S+ )*(python -m [\w.]+|tfhand)((?: [a-z]\w*)?)", line)
        if match is None:
            continue
        takes_command = match.group(1) == "tfhand" or match.group(1).endswith("tfhand.synthetic")
        key = match.group(1) + (match.group(2) if takes_command else "")
        found.setdefault(key, set()).update(re.findall(r"(?<= )--[a-z][\w.-]*", line))
    return found


def test_version_is_the_installed_one() -> None:
    try:
        installed = importlib.metadata.version("tfhand")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("tfhand is not installed in this environment")
    assert installed == tfhand.__version__


def test_console_script_is_declared() -> None:
    scripts = importlib.metadata.entry_points(group="console_scripts", name="tfhand")
    if not scripts:
        pytest.skip("tfhand is not installed in this environment")
    assert callable(next(iter(scripts)).load())


def test_numpy_parts_load_no_framework() -> None:
    code = (
        "import sys, tfhand, tfhand.io, tfhand.geometry, tfhand.mesh, tfhand.data\n"
        "tfhand.HandTemplate\n"
        "print(sorted({'tensorflow', 'keras', 'jax', 'matplotlib'} & set(sys.modules)))"
    )
    result = run_python("-c", code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_unknown_public_name_lists_the_valid_ones() -> None:
    with pytest.raises(AttributeError, match="HandTemplate"):
        tfhand.HandTempalte  # noqa: B018


@pytest.mark.parametrize("room", sorted(ALLOWED_IMPORTS))
def test_rooms_import_only_what_they_may(room: str) -> None:
    files = sorted((ROOT / "tfhand" / room).rglob("*.py"))
    assert files, f"tfhand/{room} has no modules"
    wrong = []
    for path in files:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "tfhand"] if node.level == 0 else ["tfhand"]
            else:
                continue
            allowed = ALLOWED_IMPORTS[room] | {"tfhand"} | set(sys.stdlib_module_names)
            wrong += [f"{path.name}: {name}" for name in names if name.split(".")[0] not in allowed]
    assert not wrong


def test_every_asset_has_a_provenance() -> None:
    text = (ROOT / "ASSETS.md").read_text(encoding="utf-8")
    names = [path.name for path in ASSETS.iterdir() if path.name != "__pycache__"]
    assert "hand_template.npz" in names
    assert [name for name in names if f"`{name}" not in text] == []


def test_template_is_small() -> None:
    assert (ASSETS / "hand_template.npz").stat().st_size < 3_000_000


def test_wheel_holds_packages_and_assets_and_no_tests(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("setup.py", "setup.cfg", "README.md", "LICENSE", "ASSETS.md"):
        shutil.copy(ROOT / name, source)
    for name in ("tfhand", "trainers", "export", "configs", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    result = subprocess.run(
        [sys.executable, "setup.py", "-q", "bdist_wheel", "--dist-dir", str(tmp_path / "dist")],
        cwd=source, capture_output=True, text=True, check=False,
    )
    assert result.returncode == 0, result.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    needed = {
        str(path.relative_to(ROOT)) for path in (ROOT / "tfhand").rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    assert needed - inside == set()
    assert {"tfhand/cli.py", "trainers/fully_supervised.py", "export/tflite.py", "configs/quickstart.yaml"} <= inside
    assert not [name for name in inside if name.startswith(("tests/", "benchmarks/"))]


def test_readme_names_every_preset() -> None:
    from tfhand.models.presets import PRESETS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in PRESETS if f"`{name}`" not in text] == []


def test_readme_links_lead_somewhere() -> None:
    for page in ("README.md", "ASSETS.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))):
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8"))
        assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_readme_paths_exist() -> None:
    """Every `path/file.py`, `folder/` and config that the README names, in its commands too, is there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    paths = re.findall(r"[` ]((?:tfhand|trainers|export|configs|benchmarks|tests)/[\w./-]*)", text)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("program", sorted(programs()))
def test_readme_commands_exist_with_their_options(program: str) -> None:
    words = program.split()
    if words[0] == "tfhand":
        words = ["-m", "tfhand.cli", *words[1:]]
    else:
        words = words[1:]
    result = run_python(*words, "--help")
    assert result.returncode == 0, result.stderr
    known = set(re.findall(r"--[a-z][\w.-]*", result.stdout))
    assert {option for option in programs()[program] if option not in known} == set()
