"""The 1-euro filter: still things are held still, moving ones are followed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class OneEuroFilter:
    """A first-order low-pass filter whose cut-off rises with the speed of the signal, for every element of an array.

    With `T` the time since the last value and `alpha(f) = 1 / (1 + 1 / (2 pi f T))`, the speed
    `(x - x_filtered_before) / T` is smoothed with `alpha(derivative_cutoff)`, and then the value with
    `alpha(min_cutoff + beta |speed|)`, each as `alpha new + (1 - alpha) old`.

    Attributes:
        min_cutoff: cut-off frequency at rest, Hz. Less of it jitters less and lags more.
        beta: Hz of cut-off for each unit of speed, 1 / unit of the signal. More of it lags less in fast motion.
        derivative_cutoff: cut-off frequency of the speed, Hz.

    Raises:
        ValueError: a cut-off that isn't positive, or a negative `beta`.

    References:
        Casiez, Roussel, Vogel, "1 Euro Filter: a simple speed-based low-pass filter for noisy input in interactive
        systems", CHI 2012, equations 1 to 7 and appendix A.
    """

    min_cutoff: float = 1.0
    beta: float = 0.0
    derivative_cutoff: float = 1.0
    _time: float | None = field(default=None, init=False, repr=False)
    _value: np.ndarray = field(default=None, init=False, repr=False)
    _speed: np.ndarray = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("min_cutoff", "derivative_cutoff"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name}: expected a positive frequency in Hz, got {getattr(self, name)}.")
        if not (np.isfinite(self.beta) and self.beta >= 0):
            raise ValueError(f"beta: expected 0 or more, got {self.beta}.")

    def __call__(self, value: np.ndarray, time_s: float) -> np.ndarray:
        """The next filtered value.

        Args:
            value: array of the same shape every time.
            time_s: when it was measured, s; later than the last one.

        Returns:
            float64 of the same shape. The first value comes back as it is.

        Raises:
            ValueError: another shape than before, or a time that isn't later.
        """
        value = np.asarray(value, np.float64)
        if self._time is None:
            self._time, self._value, self._speed = time_s, value, np.zeros_like(value)
            return value.copy()
        if value.shape != self._value.shape:
            raise ValueError(f"value: expected shape {self._value.shape} as before, got {value.shape}.")
        step = time_s - self._time
        if not step > 0:
            raise ValueError(f"time_s: expected more than {self._time}, got {time_s}.")
        share = _share(self.derivative_cutoff, step)
        self._speed = share * (value - self._value) / step + (1 - share) * self._speed
        share = _share(self.min_cutoff + self.beta * np.abs(self._speed), step)
        self._value = share * value + (1 - share) * self._value
        self._time = time_s
        return self._value.copy()


def _share(cutoff: float | np.ndarray, step: float) -> float | np.ndarray:
    """How much of the new value is taken, for a cut-off in Hz and a step in s."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff * step))
