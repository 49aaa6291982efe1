"""The pictures of ``docs/performance.md``, one for each part whose table is too long to see anything in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

Found = dict[str, Any]

mpl.use("Agg")


def draw(part: str, found: Found, file: Path) -> None:
    """The picture of a part, if it has one."""
    if (plot := PLOTS.get(part)) is None:
        return
    figure, axes = plot[1]()
    plot[0](found, axes)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _one() -> tuple[Any, Any]:
    return plt.subplots(figsize=(9, 4.2), layout="constrained")


def _two() -> tuple[Any, Any]:
    return plt.subplots(1, 2, figsize=(9, 4), layout="constrained")


def _reads(found: Found, axes: Axes) -> None:
    """Bars of server CPU, on a logarithmic scale: what costs a tenth is as far away everywhere."""
    cells = found["cells"]
    servers = list(dict.fromkeys(cell["server"] for cell in cells))
    requests = list(dict.fromkeys(cell["request"] for cell in cells))
    width = 0.85 / len(servers)
    for number, server in enumerate(servers):
        cost = {cell["request"]: cell["server_ms"] for cell in cells if cell["server"] == server}
        places = [index + number * width for index, request in enumerate(requests) if request in cost]
        axes.bar(places, [cost[request] for request in requests if request in cost], width, label=server)
    axes.set_yscale("log")
    axes.set_ylabel("server CPU, ms per request")
    axes.set_xticks([index + 0.425 for index in range(len(requests))], requests, rotation=20, ha="right")
    axes.legend(ncols=4, fontsize="small")


def _growth(found: Found, both: tuple[Axes, Axes]) -> None:
    cells = found["cells"]
    for axes, act in zip(both, ("read", "write"), strict=True):
        for store in dict.fromkeys(cell["store"] for cell in cells):
            line = [cell for cell in cells if cell["store"] == store and cell["act"] == act]
            axes.plot([cell["clients"] for cell in line], [cell["server_ms"] for cell in line], "o-", label=store)
        axes.set(xscale="log", xlabel="clients", ylabel="server CPU, ms per request", title=f"{act} of 64³")
        axes.set_xticks(clients := sorted({cell["clients"] for cell in cells}), [str(number) for number in clients])
        axes.set_ylim(bottom=0)
    both[0].legend(fontsize="small")


PLOTS: dict[str, tuple[Callable[[Found, Any], None], Callable[[], tuple[Any, Any]]]] = {
    "reads": (_reads, _one),
    "growth": (_growth, _two),
}
