"""A browser without scripts: it sends the forms that stand on a page, with what stands in them, and nothing else."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx2


@dataclass
class HtmlForm:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What each button is called, and the name and value that it adds."""


class Page(HTMLParser):
    """What a page says, and the forms on it."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__()
        self.status = response.status_code
        self.path = urlsplit(str(response.url)).path
        self.forms: list[HtmlForm] = []
        self.alerts: list[str] = []
        self._text: list[str] = []
        self._open: list[tuple[str, dict[str, str], int]] = []
        self.html = response.text
        self.feed(response.text)
        self.text = " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(HtmlForm(given.get("action", self.path)))
        if tag == "input" and given.get("name") and (given.get("type") != "radio" or "checked" in given):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag not in VOID:
            self._open.append((tag, given, len(self._text)))

    def handle_endtag(self, tag: str) -> None:
        opened, given, start = self._open.pop()
        assert opened == tag, f"<{opened}> ends with </{tag}>"
        text = " ".join(" ".join(self._text[start:]).split())
        if tag == "textarea":
            self.forms[-1].fields[given["name"]] = "".join(self._text[start:])
        if tag == "option" and self.forms[-1].fields.get("?") is None:
            self.forms[-1].fields["?"] = given.get("value", text)
        if tag == "select":
            self.forms[-1].fields[given["name"]] = self.forms[-1].fields.pop("?")
        if tag == "button":
            self.forms[-1].buttons[given.get("aria-label", text)] = (given.get("name", ""), given.get("value", ""))
        if given.get("role") in ("alert", "status"):
            self.alerts.append(text)

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def buttons(self) -> list[str]:
        return [name for form in self.forms for name in form.buttons]


@dataclass
class Browser:
    client: httpx2.Client

    def get(self, path: str) -> Page:
        return Page(self.client.get(path, follow_redirects=True))

    def press(self, page: Page, button: str, **typed: str) -> Page:
        """Fill in fields of the form that has this button, and press it."""
        having = [form for form in page.forms if button in form.buttons]
        assert len(having) == 1, f"{len(having)} forms have a button `{button}`; there are {page.buttons()}"
        form = having[0]
        assert set(typed) <= set(form.fields), f"the form has no fields {set(typed) - set(form.fields)}"
        name, value = form.buttons[button]
        data: dict[str, Any] = {**form.fields, **typed} | ({name: value} if name else {})
        return Page(self.client.post(form.action, data=data, follow_redirects=True))

    def sign_in(self, account: str, password: str = "correct horse") -> Page:
        return self.press(self.get("/sign-in"), "Sign in", account=account, password=password)

    def proceed(self, page: Page, password: str = "correct horse") -> Page:
        """Answer the page that asks for the password."""
        assert "Enter your login password to proceed." in page.text, page.text
        return self.press(page, "Proceed", password=password)


VOID = ("input", "link", "meta", "br")
