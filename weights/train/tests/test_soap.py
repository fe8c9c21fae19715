from __future__ import annotations

import copy

import torch
from torch import Tensor

from weights.train.soap import Soap


def descend(optimiser: torch.optim.Optimizer, weight: Tensor, steps: int = 200) -> float:
    """Regress on inputs that lie across the axes, of spreads 1 to 1/100; the distance from the answer."""
    generator = torch.Generator().manual_seed(1)
    axes = torch.linalg.qr(torch.randn(12, 12, generator=generator)).Q
    answer = torch.randn(8, 12, generator=generator)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 0.1 * (1 - step / steps)
        inputs = torch.randn(32, 12, generator=generator) * torch.logspace(0, -2, 12) @ axes
        optimiser.zero_grad()
        (inputs @ (weight.flatten(1) - answer).T).square().sum(1).mean().backward()
        optimiser.step()
    return (weight.detach().flatten(1) - answer).norm().item()


def test_soap_descends_where_adam_crawls() -> None:
    left = {}
    for kind in (Soap, torch.optim.Adam):
        weight = torch.zeros(8, 3, 2, 2, requires_grad=True)
        left[kind] = descend(kind([weight], lr=0.1), weight)
    assert left[Soap] < 0.6 * left[torch.optim.Adam]


def test_vectors_get_adam() -> None:
    answers = []
    for kind in (Soap, torch.optim.Adam):
        vector = torch.arange(4.0).requires_grad_()
        optimiser = kind([vector], lr=0.1, betas=(0.9, 0.99))
        for _ in range(5):
            optimiser.zero_grad()
            (vector.square() * torch.tensor([1.0, 2, 3, 4])).sum().backward()
            optimiser.step()
        answers.append(vector.detach())
    torch.testing.assert_close(*answers)


def test_a_resumed_descent_equals_an_uninterrupted_one() -> None:
    whole = torch.zeros(8, 12, requires_grad=True)
    optimiser = Soap([whole], lr=0.05)
    descend(optimiser, whole, 30)
    resumed = whole.detach().clone().requires_grad_()
    again = Soap([resumed], lr=0.05)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for each, weight in ((optimiser, whole), (again, resumed)):
        descend(each, weight, 30)
    torch.testing.assert_close(resumed, whole, rtol=0, atol=0)
