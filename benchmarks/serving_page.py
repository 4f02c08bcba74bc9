"""The side by side measurement as a page: what was measured, how, and the ratios."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Measured:
    """One contender's figures, one a round: requests a second, microseconds a request, milliseconds, megabytes."""

    peaks: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    counted: list[dict[str, int]] = field(default_factory=list)

    def told(self) -> str:
        """The last round in a line."""
        return (
            f"{self.peaks[-1]:,.0f}/s, {self.cost[-1]:,.0f} us, p50 {self.p50[-1]:.2f} p99 {self.p99[-1]:.2f} ms, "
            f"{self.memory[-1]:.0f} MB {self.counted[-1] or ''}"
        )


@dataclass(frozen=True)
class Run:
    """How a run was made; `load` is the machine's load average before and after."""

    rate: float
    rounds: int
    seconds: float
    connections: tuple[int, ...]
    client: str
    load: tuple[float, float]
    machine: str


def table(found: Mapping[str, Measured], *, rate: float) -> str:
    """The figures, ours first: medians of the rounds; ratios are of medians, ours over theirs or theirs over ours."""
    ours, *_ = found.values()
    lines = [
        f"| server | peak RPS (least - most) | ours is | CPU us a request | ours needs | p50 / p99 ms at {rate:.0f}/s "
        "| done/s | PSS MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, item in found.items():
        top, cost, p50, p99 = (statistics.median(values) for values in (item.peaks, item.cost, item.p50, item.p99))
        more = statistics.median(ours.peaks) / top
        less = cost / statistics.median(ours.cost)
        spread = f"{min(item.peaks):,.0f} - {max(item.peaks):,.0f}"
        lines.append(
            f"| {name} | {top:,.0f} ({spread}) | {'' if item is ours else f'{more:.1f}x'} | {cost:,.0f} | "
            f"{'' if item is ours else f'1/{less:.1f}'} | {p50:.2f} / {p99:.2f} | {statistics.median(item.done):.0f} | "
            f"{statistics.median(item.memory):.0f} |"
        )
    return "\n".join(lines)


def page(found: Mapping[str, Measured], run: Run) -> str:
    """The whole page."""
    return _PAGE.format(
        table=table(found, rate=run.rate),
        kept=_kept(found),
        rate=run.rate,
        rounds=run.rounds,
        seconds=run.seconds,
        connections=" and ".join(str(number) for number in run.connections),
        client=run.client,
        before=run.load[0],
        after=run.load[1],
        machine=run.machine,
    )


def _kept(found: Mapping[str, Measured]) -> str:
    lines = []
    for name, item in found.items():
        told = {key: sum(round_[key] for round_ in item.counted) for key in (item.counted[0] if item.counted else {})}
        if told:
            share = 100 * told["dropped"] / max(1, told["mirrored"])
            lines.append(
                f"- {name}: of {told['mirrored']:,} answers {told['captured']:,} lines were captured (production's and "
                f"the shadow's), {told['lost']:,} lost; {told['dropped']:,} copies ({share:.0f} %) never reached the "
                "shadow: it has the lowest priority, so that a machine without time to spare goes to production first."
            )
    return "\n".join(lines)


_PAGE = """# The scoring server beside what one would pick instead

Written by `make bench-serving`. Same booster (192 trees of depth 6 on 59 inputs), same machine ({machine}), same
client, two workers each, {rounds} rounds of {seconds:.0f} s in turn; the figures are medians.

{table}

- **What is asked.** Ours gets leads as they are: it checks them against the contract, computes the features, deals
  them to variants, scores, bands and calibrates them, captures every request and answer, and copies each to a shadow in
  a process of its own. The others get finished numbers and answer with the bare booster. "One thread" holds XGBoost to
  one thread; without that its threads fight over the cores.
- **Peak**: the best over {connections} connections, for each server its own, with {client}, which shares the cores
  with the server. **CPU**: processor time of all the server's processes a request at that peak, the shadow's too. It
  says the same as the peak and depends less on who else uses the machine (load average {before:.1f} before and
  {after:.1f} after this run).
- **At {rate:.0f}/s**: an open loop in Python over 16 connections; latency counts from the moment a request was due.
  "done/s" below the rate means that the server cannot keep up with it.
- **PSS**: memory of all the server's processes, shared pages counted once.

{kept}

Why it is quicker: single leads that come whole go from uvicorn's parser straight to the model
(`serving/lane.py`); those that arrive within one turn of the event loop are scored in one walk of XGBoost's trees with
numpy (`domain/walker.py`), which gives XGBoost's bits; what is counted, captured and mirrored is done after the answer
is out. A request that comes in pieces, a list of leads or CSV takes the longer way with the same result. While more
than one variant answers leads, each lead is scored and timed alone, so that the release compares variants fairly.
"""
