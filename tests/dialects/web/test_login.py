"""A token logs a browser in; the cookie is out of reach of scripts and of other sites."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bosslet.catalog.records import Role
from bosslet.dialects.sessions import COOKIE
from tests.dialects.boss.client import Boss


def test_a_token_logs_in_and_the_page_logs_out(as_user: Any) -> None:
    owner, browser = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    owner.make_channel("secret")
    token = owner.headers["Authorization"].removeprefix("Token ")
    assert 'href="/login"' in browser.get("/").text
    assert browser.get("/login").status_code == 200
    answer = browser.call("POST", "/login", data={"token": f" {token}\n"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert token not in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    home = browser.get("/")
    assert "/view/col/exp/secret" in home.text
    assert "Cookie" in home.headers["Vary"]
    assert "private" in home.headers["Cache-Control"]
    key = browser.client.get_cookie(COOKIE).value
    assert key not in home.text
    (form_token,) = re.findall(r'name="form_token" value="([0-9a-f]+)"', home.text)
    assert browser.call("POST", "/logout", data={"form_token": "x"}).status_code == 403
    assert "secret" in browser.get("/").text
    assert browser.call("POST", "/logout", data={"form_token": form_token}).status_code == 303
    assert "secret" not in browser.get("/").text
    browser.client.set_cookie(COOKIE, key)
    assert "secret" not in browser.get("/").text


def test_over_tls_the_cookie_is_kept_to_it(as_user: Any) -> None:
    token = as_user("olga").headers["Authorization"].removeprefix("Token ")
    answer = as_user().call("POST", "/login", data={"token": token}, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("token", ["", "nobodys", "public", "a" * 100_000])
def test_what_is_nobodys_token_logs_nobody_in(as_user: Any, token: str) -> None:
    answer = as_user().call("POST", "/login", data={"token": token})
    assert answer.status_code in {403, 413}
    assert "Set-Cookie" not in answer.headers


def test_who_is_wrong_too_often_has_to_wait(as_user: Any) -> None:
    browser = as_user()
    found = {browser.call("POST", "/login", data={"token": "x"}).status_code for _ in range(25)}
    assert found == {403, 429}


def test_another_site_logs_nobody_in(as_user: Any) -> None:
    token = as_user("olga").headers["Authorization"].removeprefix("Token ")
    headers = {"Origin": "http://evil.example"}
    answer = as_user().call("POST", "/login", data={"token": token}, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_where_everybody_may_do_everything_there_is_no_login(boss: Boss) -> None:
    assert boss.get("/login").status_code == 404
    assert boss.call("POST", "/login", data={"token": "x"}).status_code == 404
    assert "login" not in boss.get("/").text
