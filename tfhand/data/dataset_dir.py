"""Where a dataset lies, and what to say when it doesn't."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tfhand.data.sources import SOURCES

#: Environment variable that names the folder of all datasets.
DATA_VARIABLE = "TFHAND_DATA"
#: The folder of all datasets where the variable isn't set.
DEFAULT_DATA = "~/tfhand_data"


def dataset_dir(name: str, given: str | Path | None = None) -> Path:
    """The folder of a dataset, there or not: the one given, else `$TFHAND_DATA/NAME`, else `~/tfhand_data/NAME`.

    Args:
        name: of the dataset.
        given: folder that the caller names, or None.
    """
    if given is not None:
        return Path(given).expanduser()
    return Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA).expanduser() / name


def require_dataset(
    name: str, given: str | Path | None, needed: Sequence[str], inner: Sequence[str] = ()
) -> Path:
    """The folder of a dataset (`dataset_dir`), or one of its archive's folders in it, that holds what is needed.

    Args:
        name: of the dataset, in `tfhand.data.sources.SOURCES`.
        given: folder that the caller names, or None.
        needed: files and folders that must be in it, relative to it.
        inner: folders of the archives that may still be around the dataset; every place is fine.

    Raises:
        FileNotFoundError: no such folder, or it lacks some of `needed`. The one message has all that there is to do.
    """
    folder = dataset_dir(name, given)
    missing = {
        place: [entry for entry in needed if not (place / entry).exists()]
        for place in (folder, *(folder / one for one in inner))
    }
    for place, entries in missing.items():
        if not entries:
            return place
    place, entries = min(missing.items(), key=lambda entry: len(entry[1]))
    shown = ", ".join(entries[:12]) + (f" and {len(entries) - 12} more" if len(entries) > 12 else "")
    raise FileNotFoundError(missing_data(name, given, f"{place} lacks {shown}" if place.is_dir() else None))


def missing_data(name: str, given: str | Path | None, problem: str | None = None) -> str:
    """What to say where a dataset, or a part of it, isn't there.

    Args:
        name: of the dataset.
        given: folder that the caller named, or None.
        problem: what is wrong with its folder; None where there is no folder.
    """
    folder = dataset_dir(name, given)
    if given is not None:
        origin = "data_dir"
    elif os.environ.get(DATA_VARIABLE):
        origin = f"${DATA_VARIABLE}/{name}"
    else:
        origin = f"the default, as neither data_dir nor ${DATA_VARIABLE} is given"
    what = f"{folder} ({origin}) does not exist" if problem is None else f"{problem} ({origin})"
    return (
        f"{what}. {SOURCES[name].instructions} Put it there, or name its folder by data_dir (--data-dir), or the folder "
        f"around all datasets by ${DATA_VARIABLE}."
    )
