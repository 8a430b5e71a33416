"""A knob that a row leaves out is searched over or follows, and is never a usual value."""

import pytest

from llmcost.errors import InputError
from llmcost.studies.validation.knobs import SEARCHED, machine_of, ways_of, without_layout
from llmcost.studies.validation.points import point_of
from tests.validation_fakes import FULL_ROW

ROW = FULL_ROW | {"reported_tokens_per_s_per_gpu": "800"}


def ways(**cells: str):
    """Return the ways of the row with some cells changed."""
    return ways_of(point_of(ROW | cells))


def values(found, name: str) -> list[float]:
    """Return the different values of a knob among the ways."""
    return sorted({float(value) for value in found.layouts[name]})


def test_a_complete_row_has_one_way() -> None:
    """Nothing is searched or assumed where everything is stated."""
    found = ways()
    assert found.layouts["zero_stage"].size == 1
    assert found.assumed == ()


def test_depths_that_divide_a_stages_layers_are_tried() -> None:
    """80 layers on 4 stages are 20 a stage: 1, 2, 4, 5, 10 or 20 chunks."""
    assert values(ways(vpp=""), "virtual_stages") == [1, 2, 4, 5, 10, 20]


def test_a_single_stage_has_one_chunk() -> None:
    """Interleaving needs a pipeline."""
    found = ways(vpp="", pp="1", dp="16")
    assert values(found, "virtual_stages") == [1]
    assert "interleaving searched" not in found.assumed


def test_micro_batches_that_divide_a_replicas_share_are_tried() -> None:
    """128 sequences on 4 replicas are 32 each."""
    assert values(ways(micro_batch=""), "micro_batch_size") == [1, 2, 4, 8, 16, 32]


def test_accumulation_told_in_remarks_gives_the_micro_batch() -> None:
    """32 sequences of a replica in 8 passes are 4 a pass."""
    assert values(ways(micro_batch="", notes="GA=8"), "micro_batch_size") == [4]


def test_accumulation_that_does_not_divide_the_share_says_nothing() -> None:
    """32 sequences cannot pass in 3 whole micro-batches: all sizes are tried."""
    assert len(values(ways(micro_batch="", notes="GA=3"), "micro_batch_size")) == 6


@pytest.mark.parametrize(
    ("cell", "selective", "full"),
    [("", [0, 1], [0, 1]), ("none", [0], [0]), ("selective", [1], [0]), ("full", [0], [1])],
)
def test_recomputation_is_as_stated_or_tried(cell: str, selective, full) -> None:
    """None, selective and full where the row does not say."""
    found = ways(recompute=cell)
    assert values(found, "recompute_selective") == selective
    assert values(found, "recompute_full") == full


def test_a_share_of_recomputed_layers_is_kept_where_the_layout_is_searched() -> None:
    """Every second layer in full is a half, whatever the degrees are."""
    for dp in ("4", ""):
        found = ways(recompute="full, every 2nd layer", dp=dp, cp="" if not dp else "1")
        assert values(found, "recompute_full") == [0.5]


def test_degrees_that_are_not_known_are_searched() -> None:
    """tp and pp of 64 devices, with dp 4 stated: they make up 16."""
    found = ways(tp="", pp="", vpp="")
    assert SEARCHED in found.assumed
    pairs = found.layouts["tensor_parallel"] * found.layouts["pipeline_parallel"]
    assert set(pairs.tolist()) == {16.0}
    assert len(values(found, "tensor_parallel")) > 2


def test_expert_parallelism_of_a_mixture_is_searched_and_of_a_dense_model_is_none() -> None:
    """The degree has no usual value in a mixture."""
    sparse = {"model_name": "Mixtral 8x7B", "ep": "", "vpp": "1", "tp": "1", "pp": "1", "dp": "64"}
    assert values(ways(**sparse), "expert_parallel") == [1, 2, 4, 8]
    assert values(ways(ep=""), "expert_parallel") == [1]


def test_what_is_stated_holds_in_a_searched_layout_too() -> None:
    """Sequence parallelism, the accumulation and the sharding group of the row are kept."""
    free = {"cp": "", "dp": "", "vpp": "1"}
    assert values(ways(**free, sequence_parallel="no"), "sequence_parallel") == [0]
    assert values(ways(**free), "sequence_parallel") == [1]
    found = ways(**free, micro_batch="", notes="GA=8")
    rounds = 128 / (found.layouts["micro_batch_size"] * found.layouts["data_parallel"])
    assert set(rounds.tolist()) == {8.0}
    sharded = ways(**free, fsdp_or_zero_stage="HSDP (shard within 2 GPUs)", pp="1")
    assert values(sharded, "shard_group") == [2]


def test_early_megatron_code_has_no_sequence_parallelism_in_a_searched_layout() -> None:
    """It came in 2022."""
    found = ways(source_date="2021-06", sequence_parallel="", cp="", dp="", vpp="1")
    assert values(found, "sequence_parallel") == [0]


def test_knobs_left_out_for_want_of_a_legal_layout_are_named() -> None:
    """7 sequences a pass divide no share of 128: the rest of the row is kept, and it is said."""
    found = ways(micro_batch="7", cp="", dp="")
    assert any("micro-batch 7" in text for text in found.assumed)


def test_sharding_that_is_not_stated_is_that_of_the_family() -> None:
    """Fully sharded in FSDP code, both for a framework that nobody knows; named as assumed."""
    plain = {"tp": "1", "pp": "1", "vpp": "1", "dp": "64", "fsdp_or_zero_stage": ""}
    assert values(ways(**plain, framework="torchtitan"), "zero_stage") == [3]
    found = ways(**plain, framework="own code")
    assert values(found, "zero_stage") == [1, 3]
    assert "sharding usual for the framework" in found.assumed


def test_a_precision_that_is_not_stated_is_16_bit_and_named() -> None:
    """A V100 has no bf16."""
    told: list[str] = []
    assert machine_of(point_of(ROW | {"dtype": ""}), told).precision == "bf16"
    assert machine_of(point_of(ROW | {"dtype": "", "gpu": "V100"}), told).precision == "fp16"
    assert told == ["precision bf16", "precision fp16"]


def test_a_batch_that_is_not_stated_is_about_four_million_tokens_in_whole_passes() -> None:
    """2^22 tokens of 8,192 are 512 sequences: 16 passes of 8 on 4 replicas."""
    found = ways(global_batch_seqs="", micro_batch="8")
    assert values(found, "global_batch_size") == [512]
    assert "global batch 512" in found.assumed


def test_nothing_of_the_layout_but_the_batch_is_left_when_it_is_hidden() -> None:
    """What hides a layout in the fit hides all of it."""
    hidden = without_layout(point_of(ROW))
    assert hidden.global_batch_size == 128
    stated = (hidden.tensor_parallel, hidden.virtual_stages, hidden.micro_batch_size)
    assert (*stated, hidden.recompute, hidden.zero_stage) == (None,) * 5
    assert hidden.expert_parallel == 1


def test_a_row_that_names_no_accelerator_has_no_way() -> None:
    """The reason is that of the row."""
    with pytest.raises(InputError, match="gpu: got nothing"):
        ways(gpu="")
