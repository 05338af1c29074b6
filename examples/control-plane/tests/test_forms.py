"""Forms that come from elsewhere, twice, or too late."""

import pytest

from tests.in_process import Panel


def commands(panel: Panel) -> list[str]:
    return [record["command"] for record in panel.installation.log()]


@pytest.mark.parametrize("token", [None, "", "20261201000000##00"])
def test_a_form_without_the_token_of_the_session_is_refused(
    panel: Panel, token: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = commands(panel)
    with panel.browser("ada") as browser:
        page = browser.get("/panel")
        form = next(form for form in page.forms if "Save senders" in form.buttons)
        del form.fields["csrf_token"]
        if token is not None:
            form.fields["csrf_token"] = token
        refused = browser.press(page, "Save senders", addresses="news@acme.example")
    assert refused.status == 403
    assert refused.alerts == ["This form is too old, or not from this site. Open the page again."]
    assert "without the token of this session" in caplog.text
    assert commands(panel) == before


def test_a_form_with_the_token_of_another_session_is_refused(panel: Panel) -> None:
    with panel.browser("ada") as browser, panel.browser("erika") as attacker:
        page = browser.get("/panel")
        form = next(form for form in page.forms if "Save senders" in form.buttons)
        form.fields["csrf_token"] = attacker.get("/panel").forms[0].fields["csrf_token"]
        assert browser.press(page, "Save senders", addresses="news@acme.example").status == 403


def test_signing_in_and_out_needs_the_token_too(panel: Panel) -> None:
    with panel.browser() as browser:
        page = browser.get("/sign-in")
        del page.forms[0].fields["csrf_token"]
        assert browser.press(page, "Sign in", account="ada", password="correct horse").status == 403
        assert browser.get("/panel").path == "/sign-in"


@pytest.mark.parametrize(("account", "password"), [("ada", "wrong"), ("nobody", "correct horse"), ("", "")])
def test_a_wrong_password_and_a_wrong_account_look_alike(panel: Panel, account: str, password: str) -> None:
    with panel.browser() as browser:
        refused = browser.sign_in(account, password)
        assert (refused.status, refused.alerts) == (403, ["Account and password do not fit."])


def test_a_form_that_is_sent_twice_is_carried_out_once(panel: Panel) -> None:
    with panel.browser("ada") as browser:
        page = browser.get("/panel")
        browser.press(page, "Save senders", addresses="news@acme.example")
        again = browser.press(page, "Save senders", addresses="news@acme.example")
    assert again.status == 200
    assert commands(panel).count("add_identities") == 1
    assert len(panel.installation.smarthost.mails) == 1


def test_the_second_of_two_tabs_is_told_that_something_has_changed(panel: Panel) -> None:
    with panel.browser("ada") as browser:
        first, second = browser.get("/panel"), browser.get("/panel")
        browser.press(first, "Save senders", addresses="news@acme.example")
        conflict = browser.press(second, "Save senders", addresses="shop@acme.example")
    assert conflict.status == 409
    assert conflict.alerts == ["the version is `3`, and `2` was expected; look at what changed, and decide again"]
    assert "news@acme.example" in conflict.text
    assert "shop@acme.example" not in conflict.text


def test_one_bad_address_saves_nothing_and_is_named(panel: Panel) -> None:
    with panel.browser("ada") as browser:
        page = browser.press(browser.get("/panel"), "Save senders", addresses="news@acme.example\nnews\nshop@a@b")
    assert page.status == 422
    assert page.alerts == ["“news”: an address is written `local-part@domain` “shop@a@b”: the domain holds " + UNREADABLE]
    assert "No sender is authorized yet." in page.text


def test_removing_a_domain_asks_first(panel: Panel) -> None:
    """C11: it cannot be undone."""
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Add domain", domain="acme.example")
        asked = browser.press(browser.get("/panel"), "Remove acme.example")
        assert "This cannot be undone." in asked.text
        assert "acme.example" in browser.get("/panel").text
        assert "No domain is listed." in browser.press(asked, "Proceed").text


def test_disabling_an_allowlist_asks_for_a_yes_and_for_the_password(panel: Panel) -> None:
    """T12, N4: every address may send afterwards."""
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Add", entries="192.0.2.10\n192.0.2.11")
        sure = browser.press(browser.get("/panel"), "Disable the allowlist for smtp")
        assert "This cannot be undone." in sure.text
        closed = browser.proceed(browser.press(sure, "Proceed"))
        assert "No list is on" in closed.text


def test_switching_on_with_nothing_authorized_warns(panel: Panel) -> None:
    """N5: it is permitted, drops everything, and says so."""
    with panel.browser("ada") as browser:
        asked = browser.press(browser.get("/panel"), "Switch", mode="enforce", begins="2027-01-01T00:00")
        page = browser.proceed(asked)
        assert "Sender authentication is on from 2027-01-01T00:00:00Z" in page.text
        assert panel.installation.smarthost.mail_to("sam@mail.example")["Subject"] == "Sender addresses: a deadline"


def test_no_page_may_be_kept_framed_or_scripted(panel: Panel) -> None:
    with panel.browser("ada") as browser:
        response = browser.client.get("/panel")
    headers = response.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "<script" not in response.text


UNREADABLE = "a character other than letters, digits, hyphens and dots"
