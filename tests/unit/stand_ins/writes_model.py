"""An explicit-state model of verified writes: writers, two proxies, and an API that writes, late too, answers or fails.

Every interleaving is explored. A look is two steps, what is read and what is made of it, for the API goes on in
between. The writers send the same text for the same patient, the worst case, unless told otherwise. What must never
come about:

- ``duplicate``: one request made two notes,
- ``double``: one note answered two requests,
- ``lost``: more requests were told that they succeeded than there are notes for it.

An error answered for a write that took effect is allowed: it is what happens without all this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

OWNER, OTHER = 0, 1


@dataclass(frozen=True)
class World:
    """What there is, and the rules that hold. The API's assumptions are as bad as the operator's word allows."""

    writers: int = 2
    entry: tuple[int, ...] = (OWNER, OTHER)
    most_sends: int = 2
    has_bound: bool = True  # max_write_seconds is given
    same_text: bool = True
    notes_before: int = 0  # equal notes from another channel
    page: int = 0  # how many of the newest notes a list shows; 0: all
    slop: int = 0  # so many of the newest older notes are not certainly older
    skewed: bool = False  # the API's clock says that every note is old
    rewrites: bool = False  # the API changes texts
    blind: bool = False  # the user may write, and does not see
    owner_dies: bool = False

    settle: bool = True  # nothing is sent again while what was sent may still be written
    look_after: bool = True  # that must hold when the look begins
    evidence: bool = True  # "not sent" needs evidence
    turns: bool = True  # identical writes take turns on a proxy
    beside: bool = True  # one that did not wait makes the others doubt
    known: bool = True  # notes that answered others, or were known before, are not ours
    fresh: bool = True  # notes from before the first send are not ours
    guard: bool = True  # by a clock that may be wrong, nearly old notes are doubt
    rewritten: bool = True  # a fresh note that does not match may be ours
    reach: bool = True  # absent only if the list reaches back beyond the first send
    control: bool = True  # absent only if this user's reading is proved
    owner: bool = True  # both proxies hand identical writes to one of them
    in_place: bool = True  # who serves in another's place does not take a note that it finds
    young: bool = True  # nor does one what it sent when it had just come back


class Attempt(NamedTuple):
    state: str  # "flying", "written" (and not answered yet), "late" (failed, may still be written), "over"
    kind: str  # "", "open", "not sent"


class Writer(NamedTuple):
    stage: str = "new"  # "waiting", "failed", "looked", "resending", "ended"
    attempts: tuple[Attempt, ...] = ()
    first: int = 0  # how many notes there were when it was first sent
    largest: int = 0  # how many of them were known on its proxy
    proxy: int = OWNER
    in_place: bool = False
    young: bool = False  # its proxy had just come back when it was sent
    looks: bool = True
    seen: tuple[frozenset[int], bool] | None = None
    answer: int | None = None  # the note that it was answered with


class State(NamedTuple):
    writers: tuple[Writer, ...]
    notes: tuple[int | None, ...]  # who made each; None: another channel
    credits: frozenset[tuple[int, int]]  # (proxy, note)
    broken_turns: frozenset[int]
    owner: str = "up"  # "down", "young", "back"


Step = tuple[str, State]


def broken(state: State, world: World) -> set[str]:
    found = set()
    if any(state.notes.count(number) > 1 for number in range(len(state.writers))):
        found.add("duplicate")
    answers = [writer.answer for writer in state.writers if writer.answer is not None]
    if len(answers) != len(set(answers)):
        found.add("double")
    if len(answers) > len(state.notes) - world.notes_before:
        found.add("lost")
    return found


def steps(state: State, world: World) -> Iterator[Step]:
    for number, writer in enumerate(state.writers):
        yield from _api(state, number, writer)
        match writer.stage:
            case "new":
                yield from _arrive(state, world, number)
            case "waiting":
                yield from _answers(state, world, number, writer)
            case "failed":
                yield from _look(state, world, number, writer)
            case "looked":
                yield from _decide(state, world, number, writer)
            case "resending":
                if len(writer.attempts) < world.most_sends:
                    again = (*writer.attempts, Attempt("flying", ""))
                    yield f"{number} sends again", _with(state, number, stage="waiting", attempts=again)
                yield f"{number} gives up", _with(state, number, stage="ended")
    if world.owner_dies:
        yield from _owner(state)


def _with(state: State, number: int, **changes: object) -> State:
    changed = state.writers[number]._replace(**changes)  # type: ignore[arg-type]
    return state._replace(writers=(*state.writers[:number], changed, *state.writers[number + 1 :]))


def _attempt(writer: Writer, index: int, state: str, kind: str | None = None) -> tuple[Attempt, ...]:
    old = writer.attempts[index]
    return (*writer.attempts[:index], Attempt(state, old.kind if kind is None else kind), *writer.attempts[index + 1 :])


def _api(state: State, number: int, writer: Writer) -> Iterator[Step]:
    written = state._replace(notes=(*state.notes, number))
    for index, attempt in enumerate(writer.attempts):
        if attempt.state == "flying":
            yield f"{number} is written", _with(written, number, attempts=_attempt(writer, index, "written"))
        elif attempt.state == "late":
            yield f"{number} is written late", _with(written, number, attempts=_attempt(writer, index, "over"))
            yield f"{number} is never written", _with(state, number, attempts=_attempt(writer, index, "over"))


def _arrive(state: State, world: World, number: int) -> Iterator[Step]:
    proxy, in_place = world.entry[number], False
    if world.owner:
        in_place = state.owner == "down"
        proxy = OTHER if in_place else OWNER
    busy = any(
        other.proxy == proxy and other.stage not in ("new", "ended") and other.looks
        for other in state.writers[:number] + state.writers[number + 1 :]
    )
    known = max((note + 1 for place, note in state.credits if place == proxy), default=0)
    sent = {"stage": "waiting", "attempts": (Attempt("flying", ""),), "proxy": proxy, "in_place": in_place}
    if not (world.turns and world.same_text and busy):
        young = proxy == OWNER and state.owner == "young"
        sent_in_turn = _with(state, number, **sent, young=young, first=len(state.notes), largest=known)
        yield f"{number} is sent", sent_in_turn
    elif busy:
        beside = state._replace(broken_turns=state.broken_turns | {proxy})
        yield f"{number} does not wait", _with(beside, number, **sent, looks=False)


def _answers(state: State, world: World, number: int, writer: Writer) -> Iterator[Step]:
    last = len(writer.attempts) - 1
    if writer.attempts[last].state == "flying":
        yield f"{number} was not sent", _failed(state, number, writer, _attempt(writer, last, "over", "not sent"))
        kind = "open" if world.evidence else "not sent"
        yield f"{number} fails", _failed(state, number, writer, _attempt(writer, last, "late", kind))
    elif writer.attempts[last].state == "written":
        yield f"{number} fails, though written", _failed(state, number, writer, _attempt(writer, last, "over", "open"))
        note = max(index for index, maker in enumerate(state.notes) if maker == number)
        answered = _with(state, number, stage="ended", attempts=_attempt(writer, last, "over"), answer=note)
        if writer.looks:
            answered = answered._replace(credits=state.credits | {(writer.proxy, note)})
        yield f"{number} gets note {note}", answered


def _failed(state: State, number: int, writer: Writer, attempts: tuple[Attempt, ...]) -> State:
    if not writer.looks:
        return _with(state, number, stage="ended", attempts=attempts)
    unsent = all(attempt.kind == "not sent" for attempt in attempts)
    return _with(state, number, stage="resending" if unsent else "failed", attempts=attempts)


def _is_settled(writer: Writer, world: World) -> bool:
    return not world.settle or (world.has_bound and all(attempt.state == "over" for attempt in writer.attempts))


def _look(state: State, world: World, number: int, writer: Writer) -> Iterator[Step]:
    shown = range(len(state.notes))[-world.page :] if world.page else range(len(state.notes))
    seen = frozenset() if world.blind else frozenset(shown)
    looked = _with(state, number, stage="looked", seen=(seen, _is_settled(writer, world)))
    yield f"{number} looks at {sorted(seen)}", looked
    yield f"{number} gives up", _with(state, number, stage="ended")


def _decide(state: State, world: World, number: int, writer: Writer) -> Iterator[Step]:
    assert writer.seen is not None
    seen, settled = writer.seen
    if not world.look_after:
        settled = _is_settled(writer, world)
    doubt = f"{number} is in doubt", _with(state, number, stage="ended", seen=None)
    verdict = _verdict(state, world, number, writer, seen)
    if verdict == "doubt":
        yield doubt
    elif isinstance(verdict, int):
        taken = state._replace(credits=state.credits | {(writer.proxy, verdict)})
        yield f"{number} takes note {verdict}", _with(taken, number, stage="ended", seen=None, answer=verdict)
    elif settled:
        yield f"{number} finds nothing", _with(state, number, stage="resending", seen=None)
    else:
        yield f"{number} looks again later", _with(state, number, stage="failed", seen=None)
        yield doubt


def _verdict(state: State, world: World, number: int, writer: Writer, seen: frozenset[int]) -> int | str:
    certain = writer.first
    oldest = certain - world.slop if world.fresh else 0
    if world.skewed:
        oldest = len(state.notes)
    free = [note for note in sorted(seen) if note >= oldest]
    if world.known:
        free = [
            note
            for note in free
            if (writer.proxy, note) not in state.credits and (note >= certain or note >= writer.largest)
        ]
    equal = [note for note in free if _is_equal(state, world, number, note)]
    if world.beside and writer.proxy in state.broken_turns:
        return "doubt"
    if equal:
        in_doubt = (world.in_place and writer.in_place) or (world.young and writer.young)
        return "doubt" if in_doubt else equal[0]
    if world.skewed and world.guard and any(_is_equal(state, world, number, note) for note in seen):
        return "doubt"
    if world.reach and world.page and len(seen) == world.page and min(seen) >= writer.first:
        return "doubt"
    if world.rewritten and any(note >= writer.first for note in free):
        return "doubt"
    if world.control and world.blind:
        return "doubt"
    return "absent"


def _is_equal(state: State, world: World, number: int, note: int) -> bool:
    maker = state.notes[note]
    return not (world.rewrites and maker is not None) and (world.same_text or maker == number)


def _owner(state: State) -> Iterator[Step]:
    if state.owner == "up":
        writers = []
        for writer in state.writers:
            if writer.proxy == OWNER and writer.stage not in ("new", "ended"):
                late = tuple(
                    Attempt({"flying": "late", "written": "over"}.get(attempt.state, attempt.state), "open")
                    for attempt in writer.attempts
                )
                writers.append(writer._replace(stage="ended", attempts=late, seen=None))
            else:
                writers.append(writer)
        kept = frozenset(credit for credit in state.credits if credit[0] != OWNER)
        yield "the owner dies", state._replace(writers=tuple(writers), credits=kept, owner="down")
    elif state.owner == "down":
        yield "the owner is back", state._replace(owner="young")
    elif state.owner == "young" and not any(w.in_place and w.stage != "ended" for w in state.writers):
        # By then every note from before is certainly older than what arrives.
        yield "the owner is itself again", state._replace(owner="back")


def explore(world: World) -> dict[str, list[str]]:
    """What came about that must not, with the shortest way to it; empty when the rules hold."""
    notes: tuple[int | None, ...] = (None,) * world.notes_before
    first = State(tuple(Writer() for _ in range(world.writers)), notes, frozenset(), frozenset())
    came_from: dict[State, tuple[str, State] | None] = {first: None}
    queue = deque([first])
    found: dict[str, list[str]] = {}
    while queue:
        state = queue.popleft()
        for name in broken(state, world) - found.keys():
            found[name] = _way(came_from, state)
        for label, following in steps(state, world):
            if following not in came_from:
                came_from[following] = label, state
                queue.append(following)
    return found


def _way(came_from: dict[State, tuple[str, State] | None], state: State) -> list[str]:
    labels = []
    while (step := came_from[state]) is not None:
        label, state = step
        labels.append(label)
    return labels[::-1]
