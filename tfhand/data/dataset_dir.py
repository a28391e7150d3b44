"""Where a public dataset lies, and what to say when it doesn't."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def dataset_dir(
    given: str | Path | None, variable: str, default: str, needed: Sequence[str], instructions: str, inner: str = ""
) -> Path:
    """The folder of a dataset: the one given, else that of the environment variable, else the default.

    Args:
        given: folder that the caller names, or None.
        variable: environment variable that names it otherwise.
        default: folder where neither does; `~` is the home folder.
        needed: files and folders that must be in it, relative to it.
        instructions: what to download and from where, for the message.
        inner: folder of the archive that may still be around the dataset; both places are fine.

    Raises:
        FileNotFoundError: no such folder, or it lacks some of `needed`. The one message has all that there is to do.
    """
    if given is not None:
        folder, origin = Path(given), "data_dir"
    elif os.environ.get(variable):
        folder, origin = Path(os.environ[variable]), f"${variable}"
    else:
        folder, origin = Path(default).expanduser(), f"the default, as neither data_dir nor ${variable} is given"
    places = [folder, folder / inner] if inner else [folder]
    missing = {place: [name for name in needed if not (place / name).exists()] for place in places}
    for place, names in missing.items():
        if not names:
            return place
    place, names = min(missing.items(), key=lambda entry: len(entry[1]))
    problem = f"lacks {', '.join(names)}" if place.is_dir() else "does not exist"
    raise FileNotFoundError(
        f"{place} ({origin}) {problem}. {instructions} Unpack it so that the folder holds {', '.join(needed)}, "
        f"and name the folder by data_dir or ${variable}."
    )
