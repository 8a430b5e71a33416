"""Event-by-event simulation of pipeline schedules, to hold the closed formulas against.

A pass is (kind, chunk, micro_batch): "F" forward, "B" backward by the inputs, "W" backward by the
weights. A schedule is, for each device, the blocks of passes it does in order; the passes of a
block begin and end together. A block begins when its device is free and all it needs has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass

Pass = tuple[str, int, int]
Block = tuple[Pass, ...]


@dataclass(frozen=True)
class Chunks:
    """Seconds of a pass through each chunk of layers, where it is, and of a transfer between two.

    A chain of `chain` chunks is a whole model; there are several where pipelines run both ways.
    """

    forward: list[float]
    backward: list[float]
    weight: list[float]
    device: list[int]
    chain: int
    transfer: float = 0.0

    def seconds(self, block: Block) -> float:
        rows = {"F": self.forward, "B": self.backward, "W": self.weight}
        return sum(rows[kind][chunk] for kind, chunk, _ in block)


@dataclass(frozen=True)
class Timeline:
    """When each device began its first pass and ended its last."""

    began: list[float]
    ended: list[float]

    @property
    def whole(self) -> float:
        return max(self.ended)

    @property
    def longest_device(self) -> float:
        """The longest that one device took, where devices need not begin a step together."""
        return max(end - begin for begin, end in zip(self.began, self.ended, strict=True))


def chunks_of(
    stages: int,
    forward: list[float] | float,
    backward: list[float] | float,
    weight: float = 0.0,
    *,
    virtual_stages: int = 1,
    transfer: float = 0.0,
) -> Chunks:
    """Return chunks in a loop over the stages; a single number is a whole stage's, evenly split."""
    count = stages * virtual_stages
    even = [
        [each / virtual_stages] * count if isinstance(each, float | int) else each
        for each in (forward, backward, weight)
    ]
    return Chunks(*even, [chunk % stages for chunk in range(count)], count, transfer)


def run(orders: list[list[Block]], chunks: Chunks) -> Timeline:
    """Return when the devices began and ended, each working through its own blocks in order."""
    done: dict[Pass, float] = {}
    free = [0.0] * len(orders)
    began: list[float | None] = [None] * len(orders)
    position = [0] * len(orders)
    moved = True
    while moved:
        moved = False
        for device, order in enumerate(orders):
            while position[device] < len(order):
                block = order[position[device]]
                arrivals = _arrivals(block, done, chunks)
                if arrivals is None:
                    break
                start = max([free[device], *arrivals])
                began[device] = start if began[device] is None else began[device]
                free[device] = start + chunks.seconds(block)
                done.update(dict.fromkeys(block, free[device]))
                position[device] += 1
                moved = True
    assert position == [len(order) for order in orders], "the schedule deadlocks"
    return Timeline([each or 0.0 for each in began], free)


def _arrivals(block: Block, done: dict[Pass, float], chunks: Chunks) -> list[float] | None:
    """Return when what a block needs is at its device, or None while some of it is not done."""
    arrivals = []
    for each in block:
        for need in _needs(each, chunks.chain):
            if need in block:
                continue
            if need not in done:
                return None
            apart = chunks.device[need[1]] != chunks.device[each[1]]
            arrivals.append(done[need] + (chunks.transfer if apart else 0.0))
    return arrivals


def _needs(each: Pass, chain: int) -> list[Pass]:
    kind, chunk, micro_batch = each
    place = chunk % chain
    if kind == "F":
        return [("F", chunk - 1, micro_batch)] if place else []
    if kind == "W":
        return [("B", chunk, micro_batch)]
    after = [("B", chunk + 1, micro_batch)] if place + 1 < chain else []
    return [("F", chunk, micro_batch), *after]


def gpipe(stages: int, micro_batches: int) -> list[list[Block]]:
    """Return the blocks of each device: all forwards, then all backwards."""
    numbers = range(micro_batches)
    return [[((kind, stage, k),) for kind in "FB" for k in numbers] for stage in range(stages)]


def one_forward_one_backward(stages: int, micro_batches: int) -> list[list[Block]]:
    """Return the blocks of each device: as many forwards first as there are stages behind it."""
    return interleaved(stages, 1, micro_batches)


def interleaved(
    stages: int, virtual_stages: int, micro_batches: int, group: int | None = None
) -> list[list[Block]]:
    """Return the blocks of each device in the order of Megatron-LM's interleaved schedule.

    Groups of micro-batches, as many as stages unless said, go through a device's chunks in turn.
    """
    size = group or stages
    groups = [
        range(first, min(first + size, micro_batches)) for first in range(0, micro_batches, size)
    ]
    turns = [(chunk, k) for each in groups for chunk in range(virtual_stages) for k in each]
    ahead_by_loop = (virtual_stages - 1) * size
    steps_ahead = 2 if virtual_stages > 1 else 1
    return [
        _alternate(
            [("F", chunk * stages + device, k) for chunk, k in turns],
            [("B", (virtual_stages - 1 - chunk) * stages + device, k) for chunk, k in turns],
            steps_ahead * (stages - 1 - device) + ahead_by_loop,
        )
        for device in range(stages)
    ]


def _alternate(forwards: list[Pass], backwards: list[Pass], ahead: int) -> list[Block]:
    """Return `ahead` forwards, then forward and backward in turn, then the last backwards."""
    ahead = min(ahead, len(forwards))
    rest = len(forwards) - ahead
    pairs = [each for pair in zip(forwards[ahead:], backwards[:rest], strict=True) for each in pair]
    return [(each,) for each in [*forwards[:ahead], *pairs, *backwards[rest:]]]


def zero_bubble(stages: int, micro_batches: int, depth: int) -> list[list[Block]]:
    """Return the blocks of the hand-made zero-bubble schedules of Qi et al., figures 2 and 3.

    `depth` 1 is H1, with the activations of 1F1B; 2 is H2, with about twice as many. A stage
    begins with forwards for what comes behind it, and puts its weight gradients off by as many
    micro-batches as keep its activations equal to those of the first stage.
    """
    return [
        _weights_put_off(
            stage, micro_batches, depth * (stages - stage) - (depth - 1), depth * stage
        )
        for stage in range(stages)
    ]


def _weights_put_off(stage: int, micro_batches: int, ahead: int, put_off: int) -> list[Block]:
    ahead = min(ahead, micro_batches)
    order = [("F", stage, k) for k in range(ahead)]
    for k in range(micro_batches):
        order.append(("B", stage, k))
        if k >= put_off:
            order.append(("W", stage, k - put_off))
        if ahead + k < micro_batches:
            order.append(("F", stage, ahead + k))
    late = range(max(micro_batches - put_off, 0), micro_batches)
    return [(each,) for each in [*order, *[("W", stage, k) for k in late]]]


def dualpipe_chunks(stages: int, forward: float, backward: float, weight: float) -> Chunks:
    """Return two chains of stages on the same devices, the second in the opposite direction."""
    device = [*range(stages), *reversed(range(stages))]
    rows = [[each] * (2 * stages) for each in (forward, backward, weight)]
    return Chunks(*rows, device, stages)


def dualpipe(stages: int, micro_batches: int) -> list[list[Block]]:
    """Return the blocks of DualPipe's eight steps (DeepSeek-AI 2024, figure 5, and its code).

    Half of the micro-batches go each way; the forward of one way and the backward of the other are
    one block. Needs even stages and an even number of micro-batches, twice as many at least.
    """
    return [_DualDevice(stages, device).blocks(micro_batches // 2) for device in range(stages)]


class _DualDevice:
    """The blocks of one device; way 0 is the one that begins in its own half of the pipeline."""

    def __init__(self, stages: int, device: int) -> None:
        self.place = min(device, stages - 1 - device)
        self.half = stages // 2
        near, far = device, 2 * stages - 1 - device
        self.chunk = (near, far) if device < self.half else (far, near)
        self.count = {(kind, way): 0 for kind in "FB" for way in (0, 1)}
        self.late: list[Pass] = []
        self.order: list[Block] = []

    def blocks(self, each_way: int) -> list[Block]:
        place, outer = self.place, self.half - self.place - 1
        for _ in range(2 * outer):
            self._add(self._forward(0))
        for _ in range(place + 1):
            self._add(self._forward(0))
            self._add(self._forward(1))
        for _ in range(outer):
            self._add(self._backward_input(1))
            self._add(self._weight())
            self._add(self._forward(1))
        for turn in range(each_way - 2 * self.half + place + 1):
            self._overlap(0, 1, together=turn > 0 or outer > 0)
            self._overlap(1, 0)
        for _ in range(outer):
            self._add(self._backward(1))
            self._overlap(1, 0)
        self._last_backwards(place + 1)
        for _ in range(outer):
            self._add(self._weight())
            self._add(self._backward_input(0))
        for _ in range(place + 1):
            self._add(self._weight())
        return self.order

    def _last_backwards(self, pairs: int) -> None:
        """Add backwards of both ways; the second half of them put their weights off."""
        for turn in range(2 * pairs):
            way = 1 - turn % 2
            self._add(self._backward(way) if turn < pairs else self._backward_input(way))

    def _add(self, block: Block) -> None:
        self.order.append(block)

    def _overlap(self, forward_way: int, backward_way: int, *, together: bool = True) -> None:
        parts = [self._forward(forward_way), self._backward(backward_way)]
        self.order += [(*parts[0], *parts[1])] if together else parts

    def _next(self, kind: str, way: int) -> Pass:
        number = self.count[kind, way]
        self.count[kind, way] += 1
        return (kind, self.chunk[way], number)

    def _forward(self, way: int) -> Block:
        return (self._next("F", way),)

    def _backward(self, way: int) -> Block:
        _, chunk, number = passed = self._next("B", way)
        return (passed, ("W", chunk, number))

    def _backward_input(self, way: int) -> Block:
        _, chunk, number = passed = self._next("B", way)
        self.late.append(("W", chunk, number))
        return (passed,)

    def _weight(self) -> Block:
        return (self.late.pop(0),)
