"""No form changes unnoticed: everything that is derived is compared with what `guard.py` holds.

Where a change is meant, `python tests/guard.py --write` holds the new forms, and the change of the data says so.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from itertools import combinations

import guard
import pytest
from guard import FAMILIES, FIELDS, MEASURES, REFUSED, SETUP, Held, Record

LISTED = 12  # differences that a failure shows


@cache
def held() -> Held:
    return guard.read()


@cache
def derived(family: str) -> Held:
    return guard.derived(family)


def of(family: str) -> Held:
    """What is held of one op set."""
    return {key: records for key, records in held().items() if key.partition(" ")[0].partition("(")[0] == family}


LARGE = ("attention", "decoder", "encoder", "matmul")  # op sets that take seconds


@pytest.mark.parametrize("family", [pytest.param(f, marks=[pytest.mark.slow] * (f in LARGE)) for f in FAMILIES])
def test_every_form_is_what_it_was(family: str) -> None:
    found = list(guard.differences(of(family), derived(family)))
    assert not found, "\n".join([f"{len(found)} differences", *found[:LISTED]])


def test_the_guard_is_large() -> None:
    forms = [one["form"] for records in held().values() for name, one in records.items() if name != SETUP]
    assert len(forms) == guard.count(held()) >= 4000
    assert sum(form != ("0",) for form in forms) >= 3000
    assert guard.DATA.stat().st_size <= 400_000


def test_no_setup_is_left_out() -> None:
    keys = [setup.key for family in FAMILIES for setup in guard.setups(family)]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(held())
    for records in held().values():
        assert set(records) in ({SETUP}, {SETUP, *MEASURES})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_pair_of_values_is_in_the_choice(family: str) -> None:
    factors, _ = FAMILIES[family]
    found = {pair for choice in guard.covering(*FAMILIES[family]) for pair in combinations(choice.items(), 2)}
    assert [pair for pair in guard.pairs(factors) if pair not in found] == []


def test_every_measure_is_held_with_every_convention_in_every_phase() -> None:
    factors, _ = FAMILIES["decoder"]
    found = {
        (measure, *(key.split(" | ")[at] for at in (1, 3)))
        for key, records in of("decoder").items()
        for measure in records
    }
    assert {(m, p, c) for m in MEASURES for p in factors["phase"] for c in factors["convention"]} <= found


def test_what_is_refused_is_refused_for_a_reason_that_is_known() -> None:
    refused = {key: records[SETUP]["refused"] for key, records in held().items() if "refused" in records[SETUP]}
    assert {setup.key for setup in REFUSED} <= set(refused)
    for key in set(refused) - {setup.key for setup in REFUSED}:
        assert "does not hold" in refused[key][0], key


# --- the guard can fail -----------------------------------------------------------------------------------------------


def tampered(family: str, measure: str, field: str) -> tuple[str, Held]:
    """One setup, and what is held of an op set with one line of one field of it changed."""
    records = of(family)
    key = next(key for key, known in records.items() if known.get(measure, {}).get(field))
    one = records[key][measure]
    changed: Record = {**one, field: (f"{one[field][0]} + 1", *one[field][1:])}
    return key, {**records, key: {**records[key], measure: changed}}


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in ("asked", "refused")])
def test_a_changed_field_is_found_and_named(field: str) -> None:
    key, records = tampered("matmul", "intensity", field)
    (line,) = guard.differences(records, derived("matmul"))
    assert line.startswith(f"{key}: intensity: {field}: was '")
    assert " + 1', is '" in line


@pytest.mark.parametrize("field", ["asked", "refused"])
def test_a_changed_setup_is_found_and_named(field: str) -> None:
    key, records = tampered("matmul", SETUP, field)
    (line,) = guard.differences(records, derived("matmul"))
    assert line.startswith(f"{key}: {SETUP}: {field}: was '")


def test_what_is_missing_or_new_is_found() -> None:
    everything = derived("matmul")
    key = next(iter(everything))
    without: Held = {name: known for name, known in everything.items() if name != key}
    fields = sum(map(len, everything[key].values()))
    assert len(list(guard.differences(without, everything))) == fields
    assert len(list(guard.differences(everything, without))) == fields


def test_terms_in_another_order_are_found() -> None:
    first: Record = {"terms": ("a | x |  | B", "b | y |  | S")}
    second: Record = {"terms": ("b | y |  | S", "a | x |  | B")}
    (line,) = guard.differences({"k": {"flops": first}}, {"k": {"flops": second}})
    assert line == "k: flops: terms: in another order"


# --- the file ---------------------------------------------------------------------------------------------------------


def test_packing_loses_nothing_and_is_the_same_every_time() -> None:
    records = of("elementwise")
    assert guard.unpacked(guard.packed(records)) == records
    assert guard.packed(records) == guard.packed(records)


def test_a_record_can_be_shown() -> None:
    command = [sys.executable, guard.__file__, "--show", "matmul(m=1) decode notes intensity"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert "    unit: FLOP/byte" in done.stdout.splitlines()
