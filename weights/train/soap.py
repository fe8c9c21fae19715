"""SOAP (Vyas et al., *SOAP: Improving and Stabilizing Shampoo using Adam*, 2024): Adam in the eigenbasis of Shampoo's factors."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Soap(torch.optim.Optimizer):
    """Every weight of two dimensions or more is taken as a matrix of outputs × inputs; vectors get plain Adam."""

    def __init__(
        self,
        params: Iterable,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        eps: float = 1e-8,
        every: int = 20,
    ) -> None:
        """`every`: steps between two updates of the bases."""
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "eps": eps, "every": every})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                self._update(parameter, group)

    def _update(self, parameter: Tensor, group: dict) -> None:
        state, (fast, slow) = self.state[parameter], group["betas"]
        gradient = parameter.grad
        if parameter.dim() > 1:
            gradient = gradient.flatten(1)
        if not state:
            state["steps"] = 0
            state["mean"] = torch.zeros_like(gradient)
            state["square"] = torch.zeros_like(gradient)
            if parameter.dim() > 1:
                state["left"], state["right"] = gradient @ gradient.T, gradient.T @ gradient
                state["rows"], state["columns"] = (torch.linalg.eigh(state[side]).eigenvectors.flip(1) for side in ("left", "right"))
        state["steps"] += 1
        if parameter.dim() > 1:
            state["left"].addmm_(gradient, gradient.T, beta=slow, alpha=1 - slow)
            state["right"].addmm_(gradient.T, gradient, beta=slow, alpha=1 - slow)
            if state["steps"] % group["every"] == 0:
                self._turn(state)
            gradient = state["rows"].T @ gradient @ state["columns"]
        state["mean"].lerp_(gradient, 1 - fast)
        state["square"].mul_(slow).addcmul_(gradient, gradient, value=1 - slow)
        deviation = (state["square"] / (1 - slow ** state["steps"])).sqrt_().add_(group["eps"])
        update = state["mean"] / deviation
        if parameter.dim() > 1:
            update = state["rows"] @ update @ state["columns"].T
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.sub_(update.view(parameter.shape), alpha=group["lr"] / (1 - fast ** state["steps"]))

    @staticmethod
    def _turn(state: dict) -> None:
        """Move the bases a step of orthogonal iteration closer to the eigenvectors, and the mean gradient with them."""
        mean = state["rows"] @ state["mean"] @ state["columns"].T
        for basis, factor in (("rows", "left"), ("columns", "right")):
            state[basis] = torch.linalg.qr(state[factor] @ state[basis]).Q
        state["mean"] = state["rows"].T @ mean @ state["columns"]
