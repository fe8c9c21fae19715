"""What a training makes up for when it is interrupted."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest


def evaluations(fit: ModuleType, arguments: list[str], progress: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The progress (a run's `progress`) at each evaluation of a training that is interrupted in its first, and of the same gone on with."""
    evaluated: list[int] = []

    def report(run: object, *_: object) -> str:
        evaluated.append(getattr(run, progress))
        if len(evaluated) == 1:
            raise KeyboardInterrupt
        return ""

    monkeypatch.setattr(fit, "report", report)
    monkeypatch.setattr(sys, "argv", ["fit", *arguments])
    with pytest.raises(KeyboardInterrupt):
        fit.main()
    fit.main()
    return evaluated
