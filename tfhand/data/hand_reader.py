"""What the readers of public sets share: samples by number, and in order without those that are of no use."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.sample import HandSample

_LOGGER = logging.getLogger(__name__)


class HandReader:
    """A set of hands. A subclass has `__len__` and `read(index)`."""

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} must implement `__len__()`.")

    def read(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len; raises what reading it may raise."""
        raise TypeError(f"{type(self).__name__} must implement `read(index)`.")

    def __getitem__(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len.

        Raises:
            IndexError: no such sample.
            Others: see `read`.
        """
        index = int(index)
        if not 0 <= index < len(self):
            raise IndexError(f"index: expected 0..{len(self) - 1}, got {index}.")
        return self.read(index)

    def __iter__(self) -> Iterator[HandSample]:
        """The samples in order, without those that are of no use: these are logged, and counted at the end."""
        skipped = 0
        for index in range(len(self)):
            try:
                sample = self[index]
            except UnusableSampleError as error:
                skipped += 1
                _LOGGER.warning("skipped: %s", error)
            else:
                yield sample
        if skipped:
            _LOGGER.warning("skipped %d of %d samples.", skipped, len(self))
