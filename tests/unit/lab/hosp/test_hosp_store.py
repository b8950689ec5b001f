"""What SQLite keeps: records over a restart, and a write with its ledger or neither."""

import json

import pytest
from hosp.ledger import Ledger
from hosp.records import errors
from hosp.store import Store


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "Rex", "species": "dog", "hospital_id": 1}, {}),
        ({}, {"name": "can't be blank", "species": "can't be blank", "hospital_id": "can't be blank"}),
        ({"name": " ", "species": None, "hospital_id": 1}, {"name": "can't be blank", "species": "can't be blank"}),
        ({"name": 5, "species": ["dog"], "hospital_id": 1}, {"name": "is not a string", "species": "is not a string"}),
        ({"name": "Rex", "species": "dog", "hospital_id": "1"}, {"hospital_id": "is not an integer"}),
        ({"name": "Rex", "species": "dog", "hospital_id": True}, {"hospital_id": "is not an integer"}),
        ({"name": "Rex", "species": "dog", "hospital_id": 2}, {"hospital_id": "must exist"}),
    ],
)
def test_errors_name_the_field_and_what_is_wrong(fields, wrong):
    found = errors("patients", fields, exists=lambda resource, number: (resource, number) == ("hospitals", 1))
    assert found == {field: [message] for field, message in wrong.items()}


def test_records_and_ledger_outlive_the_process(tmp_path):
    store = Store(tmp_path / "db")
    store.delete("hospitals", 20)
    Ledger(store).arrive("r1", "GET", "/notes")
    store.connection.close()
    again = Store(tmp_path / "db")
    assert len(json.loads(again.documents("hospitals", "hosp"))) == 19
    assert json.loads(Ledger(again).totals())["totals"]["attempts"] == 1


def test_a_write_and_its_ledger_take_effect_together_or_not_at_all(tmp_path):
    store = Store(tmp_path / "db")
    ledger = Ledger(store)
    ledger.arrive("r1", "POST", "/hospitals")

    def break_off() -> None:
        with store.transaction():
            assert store.insert("hospitals", {"name": "New"}) == 21
            ledger.settle("r1", 1, 201, applied=True)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert not store.exists("hospitals", 21)
    assert json.loads(ledger.one("r1"))["requests"]["r1"] == {
        "method": "POST", "path": "/hospitals", "attempts": 1, "applied": 0, "statuses": [0],
    }  # fmt: skip


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_ids_beyond_sqlite_are_ids_of_nothing(tmp_path, number):
    assert not Store(tmp_path / "db").exists("hospitals", number)
