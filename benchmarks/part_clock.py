"""Processor time of the parts of a computation that runs as it always does."""

from __future__ import annotations

import contextlib
import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any


class PartClock:
    """Charges every moment to the functions that are then running, so that the times of all parts add up to the whole.

    Functions are replaced by ones that tell the clock when they begin and end, and put back on leaving the context:

        with PartClock() as clock:
            clock.watch(HandRenderer, "render", "renderer")
            with clock.running("the rest"):
                generator.render(seed)

    Not for several threads that call watched functions; threads that these wait for count with them.

    Args:
        now: seconds; by default the processor time of this process.

    Attributes:
        seconds: by path, the names of the parts that were running, outermost first: the time in which the last of
            them ran and no other watched one within it.
    """

    def __init__(self, now: Callable[[], float] = time.process_time):
        self.seconds: Counter[tuple[str, ...]] = Counter()
        self._now = now
        self._path: tuple[str, ...] = ()
        self._since = 0.0
        self._restore = contextlib.ExitStack()

    def __enter__(self) -> PartClock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore.close()

    def watch(self, owner: Any, name: str, part: str) -> None:
        """Counts calls of a function as a part.

        Args:
            owner: the module, class or library whose attribute callers look up at each call.
            name: of the attribute, a function or method.
            part: what to call it; several functions may be one part.

        Raises:
            AttributeError, KeyError: the owner has no such attribute of its own.
        """
        function, original = getattr(owner, name), vars(owner)[name]

        @functools.wraps(function)
        def watched(*arguments: Any, **options: Any) -> Any:
            with self.running(part):
                return function(*arguments, **options)

        bound = isinstance(original, (classmethod, staticmethod))  # then `function` knows its class
        setattr(owner, name, staticmethod(watched) if bound else watched)
        self._restore.callback(setattr, owner, name, original)

    @contextlib.contextmanager
    def running(self, part: str) -> Iterator[None]:
        """Counts what happens in the context as a part."""
        outer = self._path
        self._turn_to((*outer, part))
        try:
            yield
        finally:
            self._turn_to(outer)

    def _turn_to(self, path: tuple[str, ...]) -> None:
        now = self._now()
        if self._path:
            self.seconds[self._path] += now - self._since
        self._path, self._since = path, now
