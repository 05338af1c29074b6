"""Walks through the five procedures of the README over HTTP and SMTP, with the processes that it starts."""

import re

from tests.browser import Browser
from tests.client import submit
from tests.installation import EXAMPLE, PASSWORD, Installation

SENDERS = ("news@acme.example", "shop@acme.example", "jobs@acme.example")


def test_senders_domains_allowlists_and_consent(installation: Installation) -> None:
    with installation.panel(), installation.host(), installation.browser() as browser, installation.browser() as owner:
        panel = browser.sign_in("ada")
        assert panel.path == "/panel"
        senders_are_added_and_verified(installation, browser, owner)
        sender_authentication_is_switched_on(installation, browser)
        a_domain_is_proved(installation, browser)
        accounts_are_listed(installation, browser)
        client_addresses_are_allowed(installation, browser)
        a_mailbox_owner_is_asked(installation, browser, owner)


def senders_are_added_and_verified(installation: Installation, browser: Browser, anyone: Browser) -> None:
    """N8-N12: a list of addresses is pending until an Admin follows the link of the one mail, or verifies single ones."""
    panel = browser.press(browser.get("/panel"), "Save senders", addresses="\n".join(SENDERS))
    assert panel.status == 200
    assert panel.text.count("Verification pending") == len(SENDERS)
    mail = installation.smarthost.mail_to("ada@mail.example").get_content()
    assert "These sender addresses wait for your verification: " + ", ".join(SENDERS) in mail
    assert "Verify All Emails: " in mail
    link = path_in(mail, "verify")

    opened = anyone.get(link)
    assert "jobs@acme.example" in opened.text
    assert browser.get("/panel").text.count("Verification pending") == len(SENDERS), "opening a link changes nothing"
    done = anyone.press(opened, "Verify All Emails")
    assert done.alerts == ["The sender addresses of this mail are verified."]
    assert "Verification pending" not in browser.get("/panel").text


def sender_authentication_is_switched_on(installation: Installation, browser: Browser) -> None:
    """N4: the switch asks for the password; from then on only what is authorised may be sent."""
    assert submit(installation, "sam", envelope_sender="news@acme.example") == "accepted"

    asked = browser.press(browser.get("/panel"), "Switch", mode="enforce")
    wrong = browser.proceed(asked, "wrong horse")
    assert (wrong.status, wrong.alerts) == (403, ["The password is wrong."])
    assert "Sender authentication is off" in browser.get("/panel").text
    panel = browser.proceed(wrong)
    assert "Sender authentication is on" in panel.text

    # An Admin's word alone is not enough: the domain is not proved yet (N13).
    assert submit(installation, "sam", envelope_sender="news@acme.example").startswith("550 5.7.1 ")
    assert submit(installation, "sam", envelope_sender="sam@mail.example") == "accepted"


def a_domain_is_proved(installation: Installation, browser: Browser) -> None:
    """C1-C7: the domain is pending until its TXT record stands where it has to; each miss is told apart."""
    panel = browser.press(browser.get("/panel"), "Add domain", domain="acme.example")
    name = "domauthvalidation.acme.example"
    found = re.search(r"sendas-verification=[0-9a-f]{32}", panel.text)
    assert found is not None
    value = found.group()
    assert f"Create a TXT record named {name} with the text {value}, then press Verify." in panel.text
    zones = installation.zones

    def looked_up() -> str:
        page = browser.press(browser.get("/panel"), "Verify acme.example")
        assert page.status == 200
        return page.text

    assert f"There is no TXT record at {name} yet." in looked_up()
    zones.txt = {name: ["sendas-verification=ffff"]}
    assert f"There is a TXT record at {name}, but none with this text." in looked_up()
    zones.txt = {"acme.example": ["v=spf1 -all", value]}
    assert f"The text was found at acme.example itself. It has to stand at {name}." in looked_up()
    zones.txt = {f"{name}.acme.example": [value]}
    assert f"The text was found at {name}.acme.example" in looked_up()
    zones.failing = True
    assert "The DNS servers of acme.example did not answer." in looked_up()
    assert submit(installation, "sam", envelope_sender="news@acme.example").startswith("550 5.7.1 ")

    zones.failing = False
    zones.txt = {name: ["something else", value]}
    assert "The TXT record was found." in looked_up()
    assert submit(installation, "sam", envelope_sender="news@acme.example") == "accepted"


def accounts_are_listed(installation: Installation, browser: Browser) -> None:
    """C8-C10: the accounts that may send as any address at the domain; unknown names refuse the whole list."""
    anyone = "sales@acme.example"
    assert submit(installation, "sam", envelope_sender=anyone).startswith("550 5.7.1 ")
    save = "Save accounts of acme.example"
    refused = browser.press(browser.get("/panel"), save, accounts="sam\nnobody\nzoe")
    assert refused.status == 422
    assert refused.alerts == ["the tenant has no accounts `nobody, zoe`; name accounts of the tenant; nothing was saved"]
    assert "May be used by: nobody" in browser.get("/panel").text
    assert "May be used by: sam" in browser.press(browser.get("/panel"), save, accounts="sam").text
    assert submit(installation, "sam", envelope_sender=anyone) == "accepted"
    assert submit(installation, "mia", envelope_sender=anyone).startswith("550 5.7.1 ")


def client_addresses_are_allowed(installation: Installation, browser: Browser) -> None:
    """T4-T12: entries in one format in one go, a warning of locking oneself out, and off with the last one."""
    added = browser.press(browser.get("/panel"), "Add", entries="192.0.2.10", remark="office")
    assert "your own network address is not in the allowlist" in added.alerts
    assert "smtp: on" in added.text
    assert submit(installation, "sam", envelope_sender="sam@mail.example").startswith("535 5.7.8 ")

    wrong = browser.press(added, "Add", form="cidr", entries="198.51.100.7/24")
    assert wrong.alerts == ["“198.51.100.7/24”: host bits are set; the network is `198.51.100.0/24`"]
    browser.press(browser.get("/panel"), "Add", form="cidr", entries="198.51.100.0/24", remark="data centre")
    browser.press(browser.get("/panel"), "Add", form="range", entries="203.0.113.5-203.0.113.9\n127.0.0.1-127.0.0.8")
    assert submit(installation, "sam", envelope_sender="sam@mail.example") == "accepted"
    assert submit(installation, "sam", envelope_sender="sam@mail.example", source="127.0.0.9").startswith("535 5.7.8 ")

    edited = browser.press(browser.get("/panel"), "Save remark of 192.0.2.10", remark="moved to the new office")
    assert 'value="moved to the new office"' in edited.html
    for entry in ("198.51.100.0/24", "203.0.113.5-203.0.113.9", "127.0.0.1-127.0.0.8"):
        browser.press(browser.get("/panel"), f"Delete {entry}")
    asked = browser.press(browser.get("/panel"), "Delete 192.0.2.10")
    closed = browser.proceed(asked)
    assert "No list is on: every client address is allowed." in closed.text
    assert installation.log()[-1]["events"] == [
        {"event": "allowlist_closed", "scope": {"tenant": "acme"}, "channel": "smtp", "by": "last_deleted"}
    ]
    assert submit(installation, "sam", envelope_sender="sam@mail.example", source="127.0.0.9") == "accepted"


def a_mailbox_owner_is_asked(installation: Installation, browser: Browser, owner: Browser) -> None:
    """M3-M8: an account asks, the owner of the mailbox answers by the link, and may take the answer back."""
    address = "sam@home.example"
    assert submit(installation, "sam", envelope_sender=address).startswith("550 5.7.1 ")
    with installation.browser() as account:
        own = account.sign_in("sam")
        assert own.path == "/own"
        assert "Asked" in account.press(own, "Ask its owner", address=address).text
        mail = installation.smarthost.mail_to(address).get_content()
        question = f"sam is trying to use {address} to send email, do you want to allow this?"
        assert mail.startswith(question)
        assert submit(installation, "sam", envelope_sender=address).startswith("550 5.7.1 "), "pending never permits"

        link = path_in(mail, "answer")
        opened = owner.get(link)
        assert question in opened.text
        answered = owner.press(opened, "Yes, allow it")
        assert answered.alerts == [f"sam may send email as {address} now."]
        assert submit(installation, "sam", envelope_sender=address) == "accepted"
        told = installation.smarthost.mail_to("sam@mail.example").get_content()
        assert told.strip() == f"The owner of {address} allows sam to send email as this address."

        taken_back = owner.press(owner.get(link), "Take it back")
        assert taken_back.alerts == [f"sam may no longer send email as {address}."]
        assert submit(installation, "sam", envelope_sender=address).startswith("550 5.7.1 ")

        refused = account.press(account.get("/own"), "Ask its owner", address=address)
        assert refused.alerts == [f"the owner of `{address}` has said no; respect it; only the owner can change it"]

        account.press(account.get("/own"), "Ask its owner", address="erika@globex.example")
        mail = installation.smarthost.mail_to("erika@globex.example").get_content()
        said_no = owner.press(owner.get(path_in(mail, "answer")), "No")
        assert "may not send email as erika@globex.example" in said_no.alerts[0]
        assert submit(installation, "sam", envelope_sender="erika@globex.example").startswith("550 5.7.1 ")


def test_what_the_operator_does_first(installation: Installation) -> None:
    assert [record["command"] for record in installation.log()] == ["import", "import", "set_terms"]
    again = installation.run("import", str(EXAMPLE / "policy.toml"), fails=True)
    assert again == "the log has records; take a policy over into an empty log\n"
    unknown = installation.run("password", "nobody", given="secret\n", fails=True)
    assert unknown == "there is no account `nobody`; import a policy or add it first\n"
    refused = installation.run("give", '{"command": "add_tenan"}', fails=True)
    assert "did you mean `add_tenant`" in refused
    installation.run("password", "tom", given="another\n")
    with installation.panel(), installation.browser() as browser:
        assert browser.sign_in("tom", PASSWORD).status == 403
        assert browser.sign_in("tom", "another").path == "/panel"


def path_in(mail: str, page: str) -> str:
    found = re.search(rf"http://127\.0\.0\.1:\d+(/{page}/[0-9a-f]{{64}})\s", mail)
    assert found is not None, mail
    return found.group(1)
