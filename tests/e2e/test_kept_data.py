"""A local stack that is restarted with its kept state continues with all of its data."""

from pathlib import Path

import httpx

from local.emulator import KEPT_PORT
from local.stack import LocalStack, StackOptions
from local.state import kept_state
from tests.e2e.owner import TERMINAL, eventually

TEXT = Path("examples/biology.txt").read_text(encoding="utf-8")


def made_on(stack: LocalStack) -> str:
    """Have one generation made, to its end; return its id."""
    with client_of(stack) as client:
        accepted = client.post("/v1/generations", json={"source_text": TEXT}).json()
        found = eventually(
            lambda: dict(client.get(accepted["urls"]["self"]).json()), lambda found: found["status"] in TERMINAL
        )
    assert found["status"] == "succeeded", found
    return str(found["generation_id"])


def client_of(stack: LocalStack) -> httpx.Client:
    return httpx.Client(base_url=stack.api_url, headers={"authorization": f"Bearer {stack.token('alice')}"}, timeout=60)


def test_a_second_start_goes_on_with_what_the_first_has_made_and_works_as_it_did(tmp_path: Path) -> None:
    options = StackOptions(state_dir=tmp_path / "kept", restartable=True)
    with LocalStack(options) as stack:
        first = made_on(stack)
    with LocalStack(options) as stack:
        with client_of(stack) as client:
            found = client.get(f"/v1/generations/{first}").json()
        assert (found["status"], bool(found["output"])) == ("succeeded", True)
        assert made_on(stack) != first


def test_a_kept_folder_has_one_holder_and_is_emptied_on_demand(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with kept_state(folder, fresh=False) as held:
        assert held == folder
        (folder / KEPT_PORT).write_text("1")
        (folder / "objects").mkdir()
        (folder / "objects" / "one").write_text("1")
        with kept_state(folder, fresh=True) as second:
            assert second is None, "who came second neither uses nor empties it"
    with kept_state(folder, fresh=False):
        assert (folder / KEPT_PORT).exists()
    with kept_state(folder, fresh=True):
        assert not (folder / KEPT_PORT).exists()
        assert not (folder / "objects").exists()
