"""The panel in a real browser: what an Admin sees of a tenant, with the keyboard's names for every button."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.installation import PASSWORD, Installation

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page(installation: Installation) -> Iterator[Page]:
    with installation.panel(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(base_url=installation.url, viewport={"width": 1100, "height": 900})
        try:
            yield context.new_page()
        finally:
            browser.close()


def test_an_admin_sees_the_state_of_the_tenant(installation: Installation, page: Page, tmp_path: Path) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto("/")
    page.get_by_label("Account").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="acme", exact=True)).to_be_visible()

    page.get_by_label("Add sender addresses").fill("news@acme.example\nshop@acme.example\njobs@acme.example")
    page.get_by_role("button", name="Save senders").click()
    senders = page.get_by_role("region", name="Authorized senders")
    expect(senders.get_by_text("Verification pending")).to_have_count(3)
    page.get_by_role("button", name="Verify news@acme.example").click()
    expect(senders.get_by_role("row", name="news@acme.example")).to_contain_text("Verified")
    expect(senders.get_by_text("Verification pending")).to_have_count(2)

    page.get_by_label("Domain", exact=True).fill("acme.example")
    page.get_by_role("button", name="Add domain").click()
    domains = page.get_by_role("region", name="Sending domains")
    expect(domains.get_by_text("domauthvalidation.acme.example", exact=True)).to_be_visible()
    value = domains.locator("code").nth(1).inner_text()
    installation.zones.txt["domauthvalidation.acme.example"] = ["sendas-verification=00"]
    domains.get_by_role("button", name="Verify acme.example").click()
    expect(domains).to_contain_text("There is a TXT record at domauthvalidation.acme.example, but none with this text.")
    expect(domains.get_by_text("Verification pending")).to_be_visible()
    page.get_by_text("Accounts that may use acme.example").click()
    page.get_by_label("Accounts, one a line").fill("ada\nsam")
    page.get_by_role("button", name="Save accounts of acme.example").click()
    expect(domains).to_contain_text("May be used by: ada, sam")

    for entry, kind, remark in (("192.0.2.10", "IP address", "office"), ("198.51.100.0/24", "IP segment", "data centre")):
        page.get_by_label("Entries, one a line").fill(entry)
        page.get_by_role("radio", name=kind).check()
        page.get_by_label("Remark", exact=True).fill(remark)
        page.get_by_role("button", name="Add", exact=True).click()
    allowlist = page.get_by_role("region", name="Access IP allowlist")
    expect(page.get_by_role("textbox", name="Remark of 198.51.100.0/24")).to_have_value("data centre")
    expect(allowlist.get_by_role("row", name="192.0.2.10")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("your own network address is not in the allowlist")

    page.get_by_label("Switch it").select_option("on")
    page.get_by_role("button", name="Switch", exact=True).click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Proceed").click()
    expect(senders).to_contain_text("Sender authentication is on.")

    page.screenshot(path=tmp_path / "panel.png", full_page=True)
    installation.zones.txt["domauthvalidation.acme.example"] = [value]
    domains.get_by_role("button", name="Verify acme.example").click()
    expect(domains).to_contain_text("The TXT record was found.")
    assert (tmp_path / "panel.png").stat().st_size > 20_000
    assert problems == []


def test_the_page_needs_no_wider_screen_than_a_telephone(installation: Installation, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto("/")
    page.get_by_label("Account").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Add sender addresses").fill("a-rather-long-local-part.for-a-narrow-screen@acme.example")
    page.get_by_role("button", name="Save senders").click()
    expect(page.get_by_text("Verification pending")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_by_role("button", name="Verify").count() == 0


def test_the_browser_is_the_one_that_is_installed() -> None:
    assert "Chromium" in subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=True).stdout
