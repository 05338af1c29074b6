"""Who may press what (N2), and that a form which was not offered is refused all the same."""

import pytest

from tests.in_process import Panel
from tests.installation import Installation

PROVIDER = {"kind": "provider", "name": "tests"}

BUTTONS = {
    "ada": {"Save senders", "Verify news@acme.example", "Remove news@acme.example", "Switch", "Add domain", "Add"},
    "tom": {"Save senders", "Switch"},
    "mia": {"Save senders"},
}


@pytest.fixture(autouse=True)
def a_sender(panel: Panel) -> None:
    """Marketing adds a sender, which it may."""
    with panel.browser("mia") as marketing:
        added = marketing.press(marketing.get("/panel"), "Save senders", addresses="news@acme.example")
    assert "Verification pending" in added.text


@pytest.mark.parametrize("account", BUTTONS)
def test_the_buttons_are_those_of_the_role(panel: Panel, account: str) -> None:
    every = set().union(*BUTTONS.values())
    with panel.browser(account) as browser:
        assert every & set(browser.get("/panel").buttons()) == BUTTONS[account]


@pytest.mark.parametrize(
    ("account", "button"),
    [("mia", "Switch"), ("mia", "Verify news@acme.example"), ("tom", "Verify news@acme.example"), ("tom", "Add domain")],
)
def test_what_is_not_offered_is_refused(panel: Panel, account: str, button: str) -> None:
    with panel.browser("ada") as admin, panel.browser(account) as browser:
        forged = admin.get("/panel")
        form = next(form for form in forged.forms if button in form.buttons)
        own = browser.get("/panel").forms[0]
        form.fields |= {"csrf_token": own.fields["csrf_token"]}
        typed = {"domain": "acme.example"} if button == "Add domain" else {}
        refused = browser.press(forged, button, **typed)
        assert refused.status == 403
        assert refused.alerts[0].startswith("this needs `")
        assert "Verified" not in browser.get("/panel").text
        assert "Sender authentication is off" in browser.get("/panel").text


def test_the_mail_of_a_role_that_may_not_verify_goes_to_an_admin(panel: Panel) -> None:
    assert panel.installation.smarthost.mail_to("ada@mail.example")["Subject"] == "Verify sender addresses"


def test_an_account_without_a_role_has_its_own_page_only(panel: Panel) -> None:
    with panel.browser("sam") as browser:
        assert browser.get("/").path == "/own"
        assert browser.get("/panel").status == 403


def test_another_customer_sees_and_changes_nothing(panel: Panel) -> None:
    with panel.browser("ada") as admin, panel.browser("erika") as stranger:
        assert "news@acme.example" not in stranger.get("/panel").text
        forged = admin.get("/panel")
        form = next(form for form in forged.forms if "Verify news@acme.example" in form.buttons)
        form.fields |= {"csrf_token": stranger.get("/panel").forms[0].fields["csrf_token"], "version": "1"}
        refused = stranger.press(forged, "Verify news@acme.example")
        assert refused.alerts == ["there is no identity `news@acme.example`; add the address first; nothing was saved"]


def test_a_panel_allowlist_binds_those_who_administer(panel: Panel) -> None:
    """S9: the list for the channel `panel` is about the browser's own address."""
    with panel.browser("ada") as browser:
        browser.press(browser.get("/panel"), "Add", channel="panel", entries="192.0.2.10")
        assert browser.get("/panel").status == 200
    with panel.browser("ada", address="192.0.2.11") as elsewhere:
        shut_out = elsewhere.get("/panel")
        assert shut_out.status == 403
        assert "news@acme.example" not in shut_out.text


def test_a_browser_does_not_choose_its_own_address(installation: Installation) -> None:
    """`X-Forwarded-For` is believed of the proxy that the operator names, and of nobody else."""
    entries = [{"ip": "192.0.2.10"}]
    scope = {"scope": {"tenant": "acme"}, "channel": "panel"}
    installation.give({"command": "add_allowlist_entries", **scope, "entries": entries})
    with installation.panel(), installation.browser() as browser:
        browser.client.headers["X-Forwarded-For"] = "192.0.2.10"
        browser.sign_in("ada")
        assert browser.get("/panel").status == 403


def test_who_signs_out_is_out(panel: Panel) -> None:
    with panel.browser("ada") as browser:
        browser.press(browser.get("/own"), "Sign out")
        assert browser.get("/panel").path == "/sign-in"


def test_an_account_that_is_removed_is_out(panel: Panel) -> None:
    with panel.browser("mia") as browser:
        remove = {"command": "remove_account", "account": "mia", "confirmed": True}
        panel.site.plane.give(PROVIDER, remove, id="provider:1")
        assert browser.get("/panel").path == "/sign-in"
        # Another customer's account by the same id is another one, in the panel and at submission.
        again = {"command": "add_account", "tenant": "globex", "account": "mia", "roles": ["Admin"]}
        panel.site.plane.give(PROVIDER, again, id="provider:2")
        assert browser.get("/panel").path == "/sign-in"
        assert browser.sign_in("mia").status == 403


def test_who_is_removed_with_the_tenant_is_out(panel: Panel) -> None:
    with panel.browser("erika") as browser:
        remove = {"command": "remove_tenant", "tenant": "globex", "confirmed": True}
        panel.site.plane.give(PROVIDER, remove, id="provider:1")
        again = {"command": "add_account", "tenant": "acme", "account": "erika", "roles": []}
        panel.site.plane.give(PROVIDER, again, id="provider:2")
        assert browser.get("/own").path == "/sign-in"
        assert browser.sign_in("erika").status == 403


def test_a_session_ends_with_its_password(installation: Installation, panel: Panel) -> None:
    with panel.browser("mia") as browser:
        installation.run("password", "mia", given="another password\n")
        assert browser.get("/panel").path == "/sign-in"
