"""How many tokens, at which sequence lengths: a plain run, phases, or a published run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmcost.amounts import count_from, near_power_of_two, whole
from llmcost.catalog.runs import phases as published_phases
from llmcost.catalog.runs import published_run
from llmcost.errors import InputError, nearest, shown
from llmcost.formulas.scaling_laws import HOFFMANN_TABLE_3
from llmcost.inputs import InputValue, Origin, Phase, Workload
from llmcost.studies.choices.given import Given, Note
from llmcost.studies.choices.models import ChosenModel

MAX_TOKENS = 1e18
MAX_SEQ_LENGTH = 1e9
MAX_PHASES = 1000
TOKEN_NOUNS = ("tokens", "token", "tok")
PHASE_KEYS = ("name", "tokens", "seq_length", "global_batch_tokens", "layout")
ATTENTION = ("causal", "full")
LAW_VALID = (HOFFMANN_TABLE_3[0][0], HOFFMANN_TABLE_3[-1][0])

Chosen = tuple[Workload, dict[str, InputValue], list[Note]]


def choose_workload(given: Given, model: ChosenModel) -> Chosen:
    """Return the workload, its inputs and notes; raises InputError for what cannot be used."""
    given.only_one_of("phases", "tokens")
    given.only_one_of("phases", "seq_length")
    convention = _attention_convention(given)
    stretches, inputs, notes = _phases(given, model)
    workload = Workload(
        stretches,
        model.parameters,
        model.active_parameters,
        model.matmul_parameters,
        model.attention,
        causal=convention == "causal",
    )
    inputs = dict(model.inputs) | inputs
    inputs["attention_flop"] = given.text("attention_flop", convention)
    return workload, inputs, notes + _law_notes(model)


def _phases(
    given: Given, model: ChosenModel
) -> tuple[tuple[Phase, ...], dict[str, InputValue], list[Note]]:
    if given.has("phases"):
        return (*_given_phases(given), [])
    published = _published(model)
    if published and not given.has("tokens") and not given.has("seq_length"):
        return (*published, _published_run_notes(model))
    tokens, tokens_input = _tokens(given, model)
    length, length_inputs, notes = _seq_length(given, model)
    if published:
        notes.append(_phases_note(model))
    return (Phase(tokens, length),), {"tokens": tokens_input} | length_inputs, notes


def _published_run_notes(model: ChosenModel) -> list[Note]:
    """Tell what the published run took, for the reader to hold the estimate against."""
    run = published_run(model.entry.name) if model.entry else None
    if run is None or not run.gpu_hours:
        return []
    rate = f", {run.reported_mfu_or_tflops}" if run.reported_mfu_or_tflops else ""
    text = (
        f"The published run itself: {run.gpu_hours / 1e6:.4g}M GPU-hours on {run.gpu}{rate} "
        f"(training_runs.csv {run.id}: {', '.join(run.source_keys)})."
    )
    return [("published-run", text)]


def _phases_note(model: ChosenModel) -> Note:
    name = model.entry.name if model.entry else "this model"
    return (
        "one-phase",
        f"The published run of {name} had phases at longer contexts, which are left out here. "
        "To include them, leave out the tokens and the sequence length, or give phases in "
        "llmcost.toml.",
    )


def _published(model: ChosenModel) -> tuple[tuple[Phase, ...], dict[str, InputValue]] | None:
    rows = published_phases(model.entry.name) if model.entry else ()
    if not rows:
        return None
    stretches = tuple(
        Phase(float(row.tokens), int(row.seq_length), row.phase, row.global_batch_tokens)
        for row in rows
    )
    assumed = sorted({row.phase for row in rows if row.basis == "assumption"})
    keys = dict.fromkeys(key for row in rows for key in row.sources)
    source = f"training_phases.csv: {', '.join(keys)}"
    source += f" ({len(assumed)} of {len(rows)} phases split by assumption)" if assumed else ""
    return stretches, _phase_inputs(stretches, Origin("published", source))


def _phase_inputs(stretches: Sequence[Phase], origin: Origin) -> dict[str, InputValue]:
    tokens = sum(phase.tokens for phase in stretches)
    longest = max(stretches, key=lambda phase: phase.tokens)
    rows = [
        {
            "name": phase.name,
            "tokens": phase.tokens,
            "seq_length": phase.seq_length,
            "global_batch_tokens": phase.global_batch_tokens,
        }
        for phase in stretches
    ]
    return {
        "tokens": InputValue(tokens, "token", origin),
        "seq_length": InputValue(float(longest.seq_length), "", origin),
        "phases": InputValue(rows, "", origin),
    }


def _given_phases(given: Given) -> tuple[tuple[Phase, ...], dict[str, InputValue]]:
    rows = given["phases"]
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not 0 < len(rows) <= MAX_PHASES:
        raise InputError(
            f"phases: got {shown(rows)}; needs 1 to {MAX_PHASES} tables with tokens and seq-length."
        )
    stretches = tuple(_given_phase(row, i) for i, row in enumerate(rows, 1))
    return stretches, _phase_inputs(stretches, given.origin("phases"))


def _given_phase(row: object, number: int) -> Phase:
    if not isinstance(row, Mapping):
        raise InputError(f"phases: number {number} is {shown(row)}; needs a table.")
    values = {str(key).replace("-", "_"): value for key, value in row.items()}
    for key in values:
        if key not in PHASE_KEYS:
            close = nearest(key, PHASE_KEYS) or PHASE_KEYS
            raise InputError(f"phases: number {number} has {shown(key)}; needs {', '.join(close)}.")
    for key in ("tokens", "seq_length"):
        if key not in values:
            raise InputError(
                f"phases: number {number} has no {key.replace('_', '-')}; every phase needs it."
            )
    batch = values.get("global_batch_tokens")
    return Phase(
        count_from(values["tokens"], f"phases {number} tokens", TOKEN_NOUNS, MAX_TOKENS),
        _length(values["seq_length"], f"phases {number} seq-length"),
        str(values.get("name", f"phase {number}")),
        None
        if batch is None
        else count_from(batch, f"phases {number} global-batch-tokens", TOKEN_NOUNS, MAX_TOKENS),
        None if values.get("layout") is None else str(values["layout"]),
    )


def _tokens(given: Given, model: ChosenModel) -> tuple[float, InputValue]:
    if given.has("tokens"):
        tokens = count_from(given["tokens"], "tokens", TOKEN_NOUNS, MAX_TOKENS)
        return tokens, InputValue(tokens, "token", given.origin("tokens"))
    entry = model.entry
    if entry is None or not entry.published_tokens:
        raise InputError("tokens: nothing given; needs the training tokens, such as 15T or 1.5e13.")
    origin = Origin("published", f"models.csv: {', '.join(entry.sources)}", entry.released)
    return entry.published_tokens, InputValue(entry.published_tokens, "token", origin)


def _seq_length(given: Given, model: ChosenModel) -> tuple[int, dict[str, InputValue], list[Note]]:
    if given.has("seq_length"):
        length = _length(given["seq_length"], "seq_length")
        notes: list[Note] = []
        power = near_power_of_two(length)
        if power is not None:
            text = (
                f"The sequence length is read as {length:,}; published contexts of that name are "
                f"{power:,}."
            )
            notes = [("seq-length-decimal", text)]
        if not model.has_architecture:
            text = "The sequence length changes nothing here: attention needs an architecture."
            notes = [("seq-length-unused", text)]
        return (
            length,
            {"seq_length": InputValue(float(length), "", given.origin("seq_length"))},
            notes,
        )
    if not model.has_architecture:
        return 1, {}, []
    if model.seq_length is None or model.seq_length_origin is None:
        raise InputError(
            "seq_length: nothing given, and none is published for this model; needs tokens per "
            "sequence, such as 4096 or 8192."
        )
    value = InputValue(float(model.seq_length), "", model.seq_length_origin)
    return model.seq_length, {"seq_length": value}, []


def _length(value: object, name: str) -> int:
    return whole(count_from(value, name, TOKEN_NOUNS, MAX_SEQ_LENGTH), name)


def _attention_convention(given: Given) -> str:
    value = given["attention_flop"]
    if value not in ATTENTION:
        raise InputError(f"attention_flop: got {shown(value)}; needs causal or full.")
    return str(value)


def _law_notes(model: ChosenModel) -> list[Note]:
    low, high = LAW_VALID
    notes: list[Note] = []
    if not low <= model.parameters <= high:
        text = (
            f"Compute-optimal tokens are extrapolated: the law was tabulated for {low / 1e6:g}M to "
            f"{high / 1e12:g}T parameters."
        )
        notes.append(("law-outside-validity", text))
    if model.active_parameters != model.parameters:
        text = (
            "Compute-optimal tokens come from a law fitted to dense models and are read at all "
            "parameters; a mixture of experts has no published law of that kind."
        )
        notes.append(("law-outside-validity", text))
    return notes
