"""The links in mails: whatever is wrong with a token, the client is told the same, and the operator what it is."""

import re

import pytest

from tests.browser import Browser, Page
from tests.in_process import Panel
from tests.test_procedures import path_in

UNKNOWN = "0f" * 32


@pytest.fixture
def verify(panel: Panel) -> str:
    """The path of the link in a mail that offers to verify."""
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Save senders", addresses="news@acme.example")
    return path_in(panel.installation.smarthost.mail_to("ada@mail.example").get_content(), "verify")


@pytest.fixture
def answer(panel: Panel) -> str:
    """The path of the link in a mail that asks the owner of a mailbox."""
    with panel.browser("sam") as browser:
        browser.press(browser.get("/own"), "Ask its owner", address="sam@home.example")
    return path_in(panel.installation.smarthost.mail_to("sam@home.example").get_content(), "answer")


def refused(page: Page, caplog: pytest.LogCaptureFixture, cause: str) -> None:
    assert page.status == 403
    assert page.alerts == ["This link is not valid. Ask for a new one."]
    assert not page.forms
    assert f"refused: {cause}" in caplog.text


@pytest.mark.parametrize("page", ["verify", "answer"])
@pytest.mark.parametrize(
    ("token", "cause"),
    [(UNKNOWN, "the token is `unknown`"), ("zz", "1:29: token: not pairs"), ("00", "1:29: token: a token")],
)
def test_a_token_that_was_never_issued(
    panel: Panel, page: str, token: str, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    with panel.browser() as browser:
        refused(browser.get(f"/{page}/{token}"), caplog, cause)
        data = {"answer": "given"}
        refused(Page(browser.client.post(f"/{page}/{token}", data=data)), caplog, cause)


def test_a_token_that_has_expired(panel: Panel, verify: str, answer: str, caplog: pytest.LogCaptureFixture) -> None:
    panel.now += panel.site.settings.token_seconds
    with panel.browser() as browser:
        refused(browser.get(verify), caplog, "the token is `expired`")
        caplog.clear()
        refused(browser.get(answer), caplog, "the token is `expired`")


def test_a_token_that_was_used(panel: Panel, verify: str, answer: str, caplog: pytest.LogCaptureFixture) -> None:
    with panel.browser() as browser:
        opened = browser.get(verify)
        assert browser.press(opened, "Verify All Emails").status == 200
        refused(browser.press(opened, "Verify All Emails"), caplog, "the token is `spent`")
        caplog.clear()
        opened = browser.get(answer)
        assert browser.press(opened, "No").status == 200
        refused(browser.press(opened, "Yes, allow it"), caplog, "the token is `spent`")


def test_a_token_for_something_else(panel: Panel, verify: str, answer: str, caplog: pytest.LogCaptureFixture) -> None:
    with panel.browser() as browser:
        refused(browser.get(verify.replace("/verify/", "/answer/")), caplog, "the token is `foreign`")
        caplog.clear()
        refused(browser.get(answer.replace("/answer/", "/verify/")), caplog, "the token is `foreign`")


def test_a_token_whose_admin_may_no_longer_verify(panel: Panel, verify: str, caplog: pytest.LogCaptureFixture) -> None:
    demote = {"command": "set_roles", "account": "ada", "roles": ["Marketing"]}
    panel.site.plane.give({"kind": "provider", "name": "tests"}, demote, id="provider:1")
    with panel.browser() as browser:
        refused(browser.get(verify), caplog, "the token is `powerless`")


def test_a_token_that_a_newer_mail_has_replaced_still_verifies_its_own_batch(panel: Panel, verify: str) -> None:
    with panel.browser("ada") as browser:
        again = browser.press(browser.get("/panel"), "Mail the link again for all pending addresses")
        assert again.status == 200
        newer = path_in(panel.installation.smarthost.mail_to("ada@mail.example").get_content(), "verify")
        assert newer != verify
        assert browser.press(browser.get(newer), "Verify All Emails").status == 200
        assert "Verified" in browser.get("/panel").text


def test_a_token_stands_in_no_log(panel: Panel, verify: str, answer: str, caplog: pytest.LogCaptureFixture) -> None:
    with panel.browser() as browser:
        browser.press(browser.get(verify), "Verify All Emails")
    assert not re.search("|".join(path.rpartition("/")[2] for path in (verify, answer)), caplog.text)
    assert verify.rpartition("/")[2] not in panel.installation.run("log")


def test_the_owner_of_an_account_here_answers_on_its_own_page(panel: Panel) -> None:
    """M8: who asked is listed, and each answer can be taken back."""
    with panel.browser("sam") as browser, panel.browser("erika") as owner:
        browser.press(browser.get("/own"), "Ask its owner", address="erika@globex.example")
        assert "sam Asks" in owner.get("/own").text
        assert "sam Yes" in owner.press(owner.get("/own"), "Allow sam").text
        assert "erika@globex.example Yes" in browser.get("/own").text
        assert "sam Taken back" in owner.press(owner.get("/own"), "Take back sam").text


def test_a_question_that_is_open_is_not_asked_again(panel: Panel, answer: str) -> None:
    with panel.browser("sam") as browser:
        again = browser.press(browser.get("/own"), "Ask its owner", address="sam@home.example")
        assert again.status == 422
        assert again.alerts[0].startswith("the owner of `sam@home.example` was asked, and is not asked again until ")


def test_a_question_can_be_answered_with_yes_or_no_only(panel: Panel, answer: str) -> None:
    with panel.browser() as browser:
        page = browser.get(answer)
        assert page.buttons() == ["Yes, allow it", "No"]
        maybe = Page(Browser(browser.client).client.post(answer, data={"answer": "maybe"}))
        assert (maybe.status, maybe.alerts) == (422, ["Answer yes or no."])
