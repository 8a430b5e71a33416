"""Setups as people write them, and the arguments of an estimate that they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost import InputError, LlmcostError, UnknownNameError, compare
from llmcost.studies.comparison.setup_files import setups_in_file
from llmcost.studies.comparison.setups import read_setup, read_setups


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("h100-sxm", {"gpu": "h100-sxm"}),
        ("h100-sxm:16000", {"gpu": "h100-sxm", "num_gpus": "16000"}),
        (" b200 : 16,000 ", {"gpu": "b200", "num_gpus": "16,000"}),
        ("H100 SXM5:16k", {"gpu": "H100 SXM5", "num_gpus": "16k"}),
        ("b200@2.10", {"gpu": "b200", "price": "2.10 USD/GPU/hour"}),
        ("b200@$2.10/GPU-h", {"gpu": "b200", "price": "$2.10/GPU-h"}),
        (
            "mi300x:12000@2..3 USD/GPU/hour",
            {"gpu": "mi300x", "num_gpus": "12000", "price": "2..3 USD/GPU/hour"},
        ),
        ("b200@2..3", {"gpu": "b200", "price": "2..3 USD/GPU/hour"}),
        ("b200:8,precision=fp8", {"gpu": "b200", "num_gpus": "8", "precision": "fp8"}),
        ("b200, gpus=1,024, MFU = 40%", {"gpu": "b200", "num_gpus": "1,024", "mfu": "40%"}),
        ("b200,layout=tp=8,pp=2", {"gpu": "b200", "layout": "tp=8,pp=2"}),
        ("b200,layout=tp=8,recompute=full", {"gpu": "b200", "layout": "tp=8,recompute=full"}),
        (
            'b200:8,layout="tp=8, pp=2",price=3',
            {"gpu": "b200", "num_gpus": "8", "layout": "tp=8, pp=2", "price": "3 USD/GPU/hour"},
        ),
        (
            "b200,layout=[tp=8,recompute=full],recompute=full",
            {"gpu": "b200", "layout": "tp=8,recompute=full", "recompute": "full"},
        ),
        ("b200,server-price=40000", {"gpu": "b200", "server_price": "40000 USD/GPU"}),
        ("b200,embodied=yes,terms=[spot,on-demand]", {
            "gpu": "b200", "embodied": True, "terms": "spot,on-demand",
        }),
        ("b200,name=mine", {"gpu": "b200", "name": "mine"}),
    ],
)  # fmt: skip
def test_text_of_a_setup(text, meant):
    assert read_setup(text) == meant


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "needs an accelerator"),
        (":16000", "needs an accelerator"),
        ("b200:", "needs an accelerator"),
        ("b200@", "needs an accelerator"),
        ("gpu=b200", "needs an accelerator"),
        ("b200:8:9", "needs an accelerator"),
        ("b200,precison=fp8", "Did you mean precision"),
        ("b200,layout=tp=8,precison=fp8", "Did you mean precision"),
        ("b200:8,num_gpus=9", "num_gpus twice"),
        ("b200,gpus=8,num-gpus=9", "num_gpus twice"),
        ('b200,layout="tp=8', 'needs " at the end'),
        ("b200,layout=[tp=8", "needs ] at the end"),
        ("b200,water=maybe", "needs yes or no"),
        ("b200,today=2026-01-01", "once for all setups"),
        ("b200,currency=EUR", "nothing compares what it tells"),
        ("b200,method=epoch-2024", "nothing compares what it tells"),
        ("b200,draws=100", "Unknown argument of a setup 'draws'"),
        ("b200," + "x" * 2000, "needs an accelerator"),
    ],
)
def test_text_that_is_no_setup(text, told):
    with pytest.raises(InputError, match=told):
        read_setup(text)


def test_names_are_the_shortest_that_tell_setups_apart():
    texts = [
        *("h100-sxm:8", "b200:8", "b200:16", "mi300x:8@2", "mi300x:8@3"),
        *("tpu-v5p:8,mfu=40%", "tpu-v5p:8,mfu=50%", "a100-sxm-80gb:8,name=old"),
        *("a100-sxm-80gb:8",),
    ]

    assert [setup.name for setup in read_setups(texts)] == [
        *("h100-sxm", "b200:8", "b200:16"),
        *("mi300x@2 USD/GPU/hour", "mi300x@3 USD/GPU/hour"),
        *("tpu-v5p,mfu=40%", "tpu-v5p,mfu=50%", "old", "a100-sxm-80gb"),
    ]


def test_a_name_that_was_given_is_nobody_elses():
    names = [each.name for each in read_setups(["b200:8,name=h100-sxm", "h100-sxm:8"])]

    assert names == ["h100-sxm", "h100-sxm:8"]
    with pytest.raises(InputError, match="mine twice"):
        read_setups(["b200:8,name=mine", "h100-sxm:8,name=mine"])


def test_an_accelerator_goes_by_its_own_name():
    [setup] = read_setups(["H100 SXM5:8"])

    assert setup.name == "h100-sxm"
    assert setup.arguments["gpu"] == "h100-sxm"
    with pytest.raises(UnknownNameError):
        read_setups(["h100-smx:8"])
    with pytest.raises(InputError, match="h100-sxm, h100-pcie or h100-nvl"):
        read_setups(["h100:8"])


def test_accelerators_by_name_come_after_setups():
    found = read_setups(["b200:8"], gpu="h100-sxm, mi300x")

    assert [setup.name for setup in found] == ["b200", "h100-sxm", "mi300x"]
    assert not found[1].listed


TOML = """
[[setup]]
gpu = "h100-sxm"
gpus = 512
price = 2.5

[[setup]]
name = "the other"
gpu = "b200"
num-gpus = "256"
price = ["2 USD/GPU/hour", "3 USD/GPU/hour"]
terms-of-no-use = false
"""
CSV = """gpu,gpus [GPU],price [USD/GPU/hour],precision,name
h100-sxm,512,2.5,,
b200,256,2..3,fp8,the other
mi300x,"1,024",$1.90/GPU-h,,

"""


def test_a_toml_file_of_setups(tmp_path):
    path = tmp_path / "setups.toml"
    path.write_text(TOML.replace("terms-of-no-use = false\n", ""), encoding="utf-8")
    first, second = read_setups(setups_in_file(path))

    assert first.arguments == {"gpu": "h100-sxm", "num_gpus": 512, "price": "2.5 USD/GPU/hour"}
    assert first.place == "setups.toml, setup 1"
    assert second.name == "the other"
    assert second.arguments["price"] == ["2 USD/GPU/hour", "3 USD/GPU/hour"]
    found = compare("llama-3.1-8b", setups=path, tokens="15T", draws=100)
    assert found["h100-sxm"].estimate.inputs["price"].origin.source == "setups.toml, setup 1"
    assert found["the other"].results["cost"].low < found["the other"].results["cost"].high


def test_a_csv_file_of_setups(tmp_path):
    path = tmp_path / "setups.csv"
    path.write_text(CSV, encoding="utf-8-sig")
    found = read_setups(setups_in_file(path))

    assert [setup.name for setup in found] == ["h100-sxm", "the other", "mi300x"]
    assert [setup.arguments for setup in found] == [
        {"gpu": "h100-sxm", "num_gpus": "512 GPU", "price": "2.5 USD/GPU/hour"},
        {"gpu": "b200", "num_gpus": "256 GPU", "price": "2..3 USD/GPU/hour", "precision": "fp8"},
        {"gpu": "mi300x", "num_gpus": "1,024 GPU", "price": "$1.90/GPU-h"},
    ]
    assert found[1].place == "setups.csv, line 3"
    assert compare("llama-3.1-8b", setups=path, tokens="15T", draws=100)["mi300x"].value("cost")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.toml", TOML, "setups?.*terms-of-no-use|terms-of-no-use"),
        ("a.toml", "[[setup]\n", "is not TOML"),
        ("a.toml", "gpu = 'b200'\n", "needs .*setup.* tables alone"),
        ("a.toml", "[setup]\ngpu = 'b200'\n", "needs .*setup.* tables"),
        ("a.toml", "", "holds no setup"),
        ("a.toml", "setup = 5\n", "needs .*setup.* tables"),
        ("a.csv", "", "holds no setup"),
        ("a.csv", "gpu,colour\nb200,red\n", "header 'colour'"),
        ("a.csv", "gpu,price [USD/furlong]\nb200,2\n", "header 'price"),
        ("a.csv", "gpu,gpus,num_gpus\nb200,1,2\n", "a header twice"),
        ("a.csv", "gpu,gpus\nb200,1,024\n", "line 2: got 3 cells"),
        ("a.csv", 'gpu,gpus\nb200,"1\n', "is not CSV"),
        ("a.csv", "gpu,water\nb200,maybe\n", "line 2: water: got 'maybe'"),
        ("a.json", "{}", r"needs?|\.toml"),
        ("a.toml", "[[setup]]\ngpu = 'b200'\ngpus = 8\nnum-gpus = 9\n", "num_gpus twice"),
        ("a.toml", "[[setup]]\ngpu = 'b200'\nname = ['a']\n", "setup 1: name is"),
        ("a.toml", "[[setup]]\ngpu = 'b200'\nwater = 2\n", "water: got 2; needs yes or no"),
    ],
)
def test_a_file_that_holds_no_setups(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        setups_in_file(path)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        setups_in_file(tmp_path / "none.toml")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        setups_in_file(tmp_path / "folder.csv")
    (tmp_path / "latin.csv").write_bytes(b"gpu\nb\xe4\n")
    with pytest.raises(InputError, match="byte 5"):
        setups_in_file(tmp_path / "latin.csv")
    (tmp_path / "large.toml").write_bytes(b"#" * 4_000_001)
    with pytest.raises(InputError, match="larger than 4 MB"):
        setups_in_file(tmp_path / "large.toml")


def test_a_date_of_toml_is_a_date(tmp_path):
    path = tmp_path / "setups.toml"
    path.write_text("[[setup]]\ngpu = 'b200'\nas-of = 2026-01-31\n", encoding="utf-8")

    assert setups_in_file(path)[0].arguments["as_of"] == "2026-01-31"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (["b200:8", "h100-smx:8"], "^setup 2: Unknown accelerator 'h100-smx'"),
        (["b200:8", "b200:8,colour=red"], "^setup 2: Unknown argument of a setup 'colour'"),
        (["b200:8", "b200:8,equity=perhaps"], "^setup 2: equity: got 'perhaps'"),
        ([{"gpu": "b200", "gpus": 8, "num_gpus": 9}], "^setup 1: Got num_gpus twice"),
        ([{"gpu": "b200", "name": ["a"]}], "^setup 1: name is "),
    ],
)
def test_a_mistake_in_a_setup_tells_which(written, told):
    with pytest.raises(InputError, match=told):
        read_setups(written)


def test_a_name_that_no_accelerator_has_tells_its_line(tmp_path):
    path = tmp_path / "setups.csv"
    path.write_text("gpu,gpus\nb200,8\nh100-smx,8\n", encoding="utf-8")
    with pytest.raises(UnknownNameError, match=r"^setups\.csv, line 3: Unknown accelerator"):
        read_setups(setups_in_file(path))


@pytest.mark.parametrize("gpu", ["all", "ALL", " all "])
def test_the_whole_catalogue_is_listed(gpu):
    assert len(read_setups(None, gpu=gpu)) > 50


def test_accelerators_are_named_in_text_or_a_list():
    with pytest.raises(InputError, match="gpu: got 5; needs names"):
        read_setups(None, gpu=5)


def test_an_error_names_the_setup_of_a_file(tmp_path):
    path = tmp_path / "setups.csv"
    path.write_text("gpu,gpus,mfu\nh100-sxm,512,\nb200,256,140%\n", encoding="utf-8")
    with pytest.raises(LlmcostError, match=r"Setup b200: mfu: got '140%'"):
        compare("llama-3.1-8b", setups=path, draws=100)


@given(st.text(max_size=60) | st.from_regex(r"b200[:@,=a-z0-9 \[\]\"']{0,40}", fullmatch=True))
def test_any_text_is_a_setup_or_an_input_error(text):
    try:
        found = read_setups([text])
    except InputError:
        return
    assert found[0].arguments["gpu"]


@given(
    st.fixed_dictionaries(
        {"gpu": st.sampled_from(["h100-sxm", "b200", "tpu-v5p"])},
        optional={
            "num_gpus": st.integers(1, 10**6).map(str),
            "precision": st.sampled_from(["bf16", "fp8"]),
            "layout": st.sampled_from(["tp=8,pp=2", "tp=8,recompute=full", "dp=4"]),
            "terms": st.sampled_from(["spot", "on-demand"]),
        },
    )
)
def test_a_setup_written_out_is_read_back(meant):
    rest = [f"{name}={value}" for name, value in meant.items() if name not in ("gpu", "num_gpus")]
    count = f":{meant['num_gpus']}" if "num_gpus" in meant else ""

    assert read_setup(",".join([f"{meant['gpu']}{count}", *rest])) == meant
