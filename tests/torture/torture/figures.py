"""What a part of the torture found, with what it had to find."""

from __future__ import annotations

from dataclasses import dataclass

Number = int | float


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. Without a limit, it only says how much was done."""

    what: str
    found: Number
    most: Number | None = None
    least: Number | None = None
    details: tuple[str, ...] = ()
    """What exactly was wrong."""

    @property
    def ok(self) -> bool:
        """Whether it is within its limits."""
        return (self.most is None or self.found <= self.most) and (self.least is None or self.found >= self.least)

    @property
    def wanted(self) -> str:
        """Its limits, for people."""
        if self.most is not None:
            return "0" if self.most == 0 else f"at most {self.most:g}"
        return "" if self.least is None else f"at least {self.least:g}"


def check(figures: list[Figure]) -> None:
    """For tests: raise AssertionError unless all are within their limits."""
    wrong = [figure for figure in figures if not figure.ok]
    lines = [f"{f.what}: {f.found}, not {f.wanted}; {'; '.join(f.details[:20])}" for f in wrong]
    assert not lines, "\n".join(lines)
