"""Loss terms by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfhand.losses.base import LossTerm

_TERMS: dict[str, type[LossTerm]] = {}
Term = TypeVar("Term", bound=type[LossTerm])


def register_loss(name: str) -> Callable[[Term], Term]:
    """Class decorator: makes a `LossTerm` known under `name`, which configs and logs use.

    Raises:
        ValueError: the name is taken.
    """

    def register(term: Term) -> Term:
        if name in _TERMS:
            raise ValueError(f"loss name {name!r} is taken by {_TERMS[name].__name__}.")
        term.name = name
        _TERMS[name] = term
        return term

    return register


def loss_names() -> tuple[str, ...]:
    """Names of all loss terms, sorted."""
    return tuple(sorted(_TERMS))


def get_loss(name: str) -> type[LossTerm]:
    """The `LossTerm` class registered under `name`.

    Raises:
        ValueError: unknown name; the message lists the known ones.
    """
    if name not in _TERMS:
        raise ValueError(f"unknown loss {name!r}; expected one of {', '.join(loss_names())}.")
    return _TERMS[name]
