"""Unpickling of files that anybody may have made: nothing is called but what a table names."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, BinaryIO

#: What stands in for a pickle's global `module.name`; None where it is not allowed.
Finder = Callable[[str, str], Any]


def restricted_load(file: BinaryIO, find: Finder, load_outside: Callable[[Any], Any] | None = None) -> Any:
    """Reads one pickle whose globals are those that `find` knows.

    Args:
        file: at the pickle's first byte; left behind its last one.
        find: (module, name) -> the object that is used in its place, or None to refuse it.
        load_outside: what to do with references to objects outside of the pickle; None refuses them.

    Returns:
        The object. Byte strings of Python 2 come as text, decoded as Latin-1.

    Raises:
        pickle.UnpicklingError: the pickle names something else, or is damaged.
    """
    try:
        return _Unpickler(file, find, load_outside).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a damaged pickle calls what is allowed with anything
        raise pickle.UnpicklingError(f"damaged ({type(error).__name__}: {error})") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, find: Finder, load_outside: Callable[[Any], Any] | None) -> None:
        super().__init__(file, encoding="latin1")
        self._find = find
        self._load_outside = load_outside

    def find_class(self, module: str, name: str) -> Any:
        found = self._find(module, name)
        if found is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which has no business there")
        return found

    def persistent_load(self, reference: Any) -> Any:
        if self._load_outside is None:
            raise pickle.UnpicklingError("it refers to objects outside of the file")
        return self._load_outside(reference)
