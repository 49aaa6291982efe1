"""An application with a shorter way in front of it, and which of the two ways an answer came."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from bosslet.dialects.ahead import Ahead


class Ways:
    """Both of them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        assert isinstance(app.wsgi_app, Ahead)
        self.ahead = app.wsgi_app
        self.long = 0

    def otherwise(self, *args: Any) -> Any:
        self.long += 1
        return self.ahead.otherwise(*args)

    def ask(self, path: str, **options: Any) -> tuple[TestResponse, bool]:
        """The answer, and whether it came the short way."""
        before = self.long
        self.app.wsgi_app = dataclasses.replace(self.ahead, otherwise=self.otherwise)  # type: ignore[method-assign]
        answer = self.app.test_client(use_cookies=False).open(path, **options)
        return answer, self.long == before

    def ask_the_long_way(self, path: str, **options: Any) -> TestResponse:
        self.app.wsgi_app = self.ahead.otherwise  # type: ignore[method-assign]
        return self.app.test_client(use_cookies=False).open(path, **options)

    def assert_both_answer_the_same(self, path: str, headers: dict[str, str]) -> TestResponse:
        """To the header, but for the time, which gunicorn adds; the answer that came the short way."""
        answer, short = self.ask(path, headers=headers)
        assert short
        other = self.ask_the_long_way(path, headers=headers)
        assert (answer.status, answer.data) == (other.status, other.data)
        found, expected = dict(answer.headers), dict(other.headers)
        expected.pop("Date", None)
        if "X-Request-Id" not in headers:
            assert re.fullmatch("[0-9a-f]{16}", found.pop("X-Request-Id"))
            del expected["X-Request-Id"]
        assert found == expected
        return answer
