"""The log: only ever added to, by several processes at once, and what a crash leaves is done afterwards."""

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError

from control_plane.clock import system_clock
from control_plane.database import connect, records
from control_plane.host import Host
from control_plane.look_up import observe
from control_plane.outbox import Outbox
from control_plane.plane import Plane
from control_plane.state import DamagedLog
from tests.client import submit
from tests.in_process import Panel
from tests.installation import Installation
from tests.servers import wait_for
from tests.test_procedures import path_in

PROVIDER = {"kind": "provider", "name": "tests"}


def deny(address: str) -> dict[str, object]:
    return {"command": "add_provider_deny", "deny": {"address": address}}


@pytest.mark.parametrize("change", [delete(records), update(records).values(record="{}")])
def test_the_database_refuses_to_change_what_was_written(installation: Installation, change: object) -> None:
    engine = connect(installation.database)
    with pytest.raises(DBAPIError, match="records are only ever added"), engine.begin() as connection:
        connection.execute(change)  # type: ignore[call-overload]
    engine.dispose()
    assert len(installation.log()) == 3


@pytest.fixture
def planes(installation: Installation) -> Iterator[list[Plane]]:
    """Three states of the same log, as three processes have."""
    planes = [Plane(connect(installation.database), system_clock) for _ in range(3)]
    yield planes
    for plane in planes:
        plane.engine.dispose()


def test_two_processes_never_write_the_same_number(installation: Installation, planes: list[Plane]) -> None:
    """Whoever comes second decides again, with what the first has written."""
    start = threading.Barrier(len(planes))
    outcomes: list[str] = []

    def work(number: int, plane: Plane) -> None:
        start.wait()
        for turn in range(10):
            command = deny(f"a{number}.{turn}@mail.example")
            outcomes.append(plane.give(PROVIDER, command, id=f"provider:{number}.{turn}")["outcome"])

    threads = [threading.Thread(target=work, args=one) for one in enumerate(planes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["changed"] * 30
    assert [record["sequence"] for record in installation.log()] == list(range(1, 34))
    with planes[0].reading() as one, planes[1].reading() as other:
        assert one.directory == other.directory
        assert one.snapshot.id == other.snapshot.id


def test_a_command_whose_version_another_process_has_passed_is_refused(planes: list[Plane]) -> None:
    one, other, _ = planes
    command = {"command": "set_account_suspended", "account": "sam", "suspended": True}
    assert other.give(PROVIDER, command, id="provider:1")["outcome"] == "changed"
    answer = one.give(PROVIDER, command | {"suspended": False}, id="provider:2", expected=2)
    assert answer["outcome"] == "refused" and answer["refusal"] == "version_conflict"


def test_one_obligation_that_fails_keeps_no_other_from_being_done(
    installation: Installation, panel: Panel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken, panel.browser("ada") as browser:
        broken.setattr("control_plane.duties.observe", lambda *_: 1 / 0)
        browser.press(browser.get("/panel"), "Add domain", domain="acme.example")
        assert browser.press(browser.get("/panel"), "Verify acme.example").status == 200
        assert "look_up_txt 5.0 is tried again later" in caplog.text
        browser.press(browser.get("/panel"), "Save senders", addresses="news@acme.example")
        assert installation.smarthost.mail_to("ada@mail.example")
    panel.now += panel.site.settings.attempt_seconds
    panel.site.outbox.settle()
    assert installation.log()[-1]["events"] == [{"event": "domain_checked", "domain": "acme.example", "outcome": "absent"}]


def test_a_txt_record_is_looked_for_again_every_day(installation: Installation, panel: Panel) -> None:
    def outcomes() -> list[str]:
        events = [event for record in installation.log() for event in record["events"]]
        return [event["outcome"] for event in events if event["event"] == "domain_checked"]

    with panel.browser("ada") as browser:
        page = browser.press(browser.get("/panel"), "Add domain", domain="acme.example")
        value = re.findall(r"sendas-verification=[0-9a-f]{32}", page.text)[0]
        installation.zones.txt = {"domauthvalidation.acme.example": [value]}
        browser.press(browser.get("/panel"), "Verify acme.example")
        panel.site.outbox.check_again()
        assert outcomes() == ["verified"], "nothing is due yet"

        panel.now += 24 * 3600
        installation.zones.failing = True
        panel.site.outbox.check_again()
        panel.site.outbox.check_again()
        assert outcomes() == ["verified", "lookup_failed"], "once in an hour"
        panel.now += 3600
        installation.zones.failing = False
        panel.site.outbox.check_again()
        assert outcomes()[2:] == ["verified"]

        panel.now += 24 * 3600
        installation.zones.txt = {}
        panel.site.outbox.check_again()
        assert outcomes()[3:] == ["absent"]
        assert "acme.example Suspended" in browser.get("/panel").text
        assert "nobody may send for it" in installation.smarthost.mail_to("ada@mail.example").get_content()


def test_a_name_that_is_too_long_for_the_dns_has_no_record(installation: Installation) -> None:
    long = ".".join(["a" * 60] * 4)
    found = observe(f"127.0.0.1:{installation.zones.port}", {"expected": long, "doubled": f"{long}.{long}"})
    assert found == {"expected": {"result": "absent"}, "doubled": {"result": "absent"}}


def test_what_a_kill_leaves_undone_is_done_after_the_restart(installation: Installation) -> None:
    installation.attempt_seconds = 1
    installation.smarthost.silent = True
    with installation.panel() as process, installation.browser() as browser:
        page = browser.sign_in("ada")
        browser.press(page, "Save senders", addresses="news@acme.example")
        assert installation.smarthost.reached.is_set()
        process.kill()
        process.wait()
    assert installation.smarthost.mails == []
    assert installation.log()[-1]["command"] == "add_identities"

    installation.smarthost.silent = False
    with installation.panel(), installation.browser() as browser:
        mail = installation.smarthost.mail_to("ada@mail.example")
        done = browser.press(browser.get(path_in(mail.get_content(), "verify")), "Verify All Emails")
        assert done.alerts == ["The sender addresses of this mail are verified."]


def test_a_mail_that_is_sent_again_is_the_same_mail(installation: Installation, panel: Panel) -> None:
    """A crash after the mail and before the table knows: the second one has the same Message-ID, link and text."""
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Save senders", addresses="news@acme.example")
    engine = panel.site.plane.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET done_at = NULL")
    panel.now += panel.site.settings.attempt_seconds
    panel.site.outbox.settle()
    (_, first), (_, second) = installation.smarthost.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()


def test_nothing_is_done_twice_at_once(installation: Installation, panel: Panel) -> None:
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Save senders", addresses="news@acme.example")
    with panel.site.plane.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET done_at = NULL")
    with closing(Panel(installation)) as other:
        other.site.outbox.settle()
    assert len(installation.smarthost.mails) == 1, "the first attempt still has its time"


def test_a_mail_to_no_mailbox_is_given_up_and_one_that_waits_is_not(
    installation: Installation, panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    def left() -> int:
        with panel.site.plane.engine.connect() as connection:
            return len(connection.exec_driver_sql("SELECT key FROM outbox WHERE done_at IS NULL").all())

    with panel.browser("sam") as browser:
        browser.press(browser.get("/own"), "Ask its owner", address=installation.smarthost.unknown)
        assert left() == 0
        assert "ask_owner 4.0 is given up: " in caplog.text
        installation.smarthost.silent = True
        browser.press(browser.get("/own"), "Ask its owner", address="sam@home.example")
        assert left() == 1
        assert "ask_owner 5.0 is tried again later" in caplog.text
    installation.smarthost.silent = False
    panel.now += panel.site.settings.attempt_seconds
    panel.site.outbox.settle()
    assert left() == 0
    assert installation.smarthost.mail_to("sam@home.example")


def test_a_mail_whose_token_is_lost_is_not_sent(
    installation: Installation, panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    installation.smarthost.silent = True
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Save senders", addresses="news@acme.example")
    installation.smarthost.silent = False
    changed = panel.site.settings.model_copy(update={"secret": SecretStr("another secret, and longer than 32 too")})
    panel.now += changed.attempt_seconds
    Outbox(panel.site.plane, changed).settle()
    assert installation.smarthost.mails == []
    assert "send_verification_mail 4.0: the secret has changed; ask again" in caplog.text


CLAIMED = {
    "schema": 1,
    "sequence": 4,
    "at": "2026-12-01T00:00:00Z",
    "by": PROVIDER,
    "id": "provider:1",
    "command": "set_address",
    "tenant": "acme",
    "version": 3,
    "events": [{"event": "address_set", "account": "mia", "address": "sam@mail.example", "assigned": True}],
}
"""A record that fits, after which two accounts would own one address."""


@pytest.mark.parametrize("record", ["{", '{"schema": 1, "sequence": 9}', '{"schema": 2}', json.dumps(CLAIMED)])
def test_a_damaged_log_stops_the_panel_and_leaves_sending_as_it_was(
    installation: Installation, panel: Panel, record: str, caplog: pytest.LogCaptureFixture
) -> None:
    host = Host(installation.settings, system_clock)
    before = host.snapshot().id
    with panel.browser("ada") as browser, panel.site.plane.engine.begin() as connection:
        assert browser.get("/panel").status == 200
        connection.execute(insert(records).values(sequence=4, record=record))
    with panel.browser() as browser:
        page = browser.get("/sign-in")
        assert page.status == 200
        out_of_order = browser.sign_in("ada")
        assert out_of_order.status == 503
        assert out_of_order.alerts == ["The control plane is out of order. Sending goes on as it was."]
    with caplog.at_level(logging.CRITICAL):
        assert host.snapshot().id == before
        assert host.snapshot().id == before
    assert "record 4 of the log: " in caplog.text
    with pytest.raises(DamagedLog, match="record 4 of the log: "):
        panel.site.plane.give(PROVIDER, deny("a@mail.example"), id="provider:1")
    host.plane.engine.dispose()


def test_a_revocation_reaches_a_host_that_is_running(installation: Installation) -> None:
    with installation.host():
        assert submit(installation, "sam", envelope_sender="sam@mail.example") == "accepted"
        installation.give({"command": "set_account_suspended", "account": "sam", "suspended": True})
        assert submit(installation, "sam", envelope_sender="sam@mail.example").startswith("535 5.7.13 ")


def test_the_header_is_decided_too(installation: Installation) -> None:
    with installation.host():
        forged = submit(installation, "sam", envelope_sender="sam@mail.example", header_from="Erika <erika@globex.example>")
        assert forged.startswith("550 5.7.1 <erika@globex.example>: Sender address rejected: not owned by user sam")
        assert installation.smarthost.mails == []


def test_a_held_message_is_put_into_quarantine(installation: Installation) -> None:
    installation.give({"command": "switch_sender_auth", "tenant": "acme", "mode": "enforce"})
    installation.give({"command": "change_settings", "tenant": "acme", "settings": {"on_deny": "hold"}})
    with installation.host():
        assert submit(installation, "sam", envelope_sender="news@acme.example") == "accepted"
        held = wait_for("a held message", lambda: next((installation.folder / "quarantine").glob("*.eml"), None))
        assert b"Subject: Hello" in held.read_bytes()
        assert installation.smarthost.mails == []
