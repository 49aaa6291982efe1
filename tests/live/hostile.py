"""Requests that nobody honest sends, as bytes; each has to be refused.

They are made for a server on which everybody may do everything, with the channels ``canary/e/em`` (uint8) and
``canary/e/labels`` (uint64), both of ``EXTENT``.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import blosc

from bosslet.geometry import Point

EXTENT: Point = (12, 40, 50)
BOX = "0/0:50/0:40/0:12"
VOXELS = 50 * 40 * 12
CUTOUT = f"/v1/cutout/canary/e/em/{BOX}/"

Case = tuple[str, bytes]
"""What it is, and the request."""


def lines(text: str) -> list[bytes]:
    """The lines of a text, in which escapes are written as in Python."""
    return [line.encode().decode("unicode_escape").encode("latin-1") for line in text.strip("\n").split("\n")]


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


REQUEST_LINES = [
    *lines(r"""
\x00
GET
GET /
GET / HTTP
GET / HTTP/9.9
GET / http/1.1
GET  /  HTTP/1.1
G\x00T / HTTP/1.1
get / HTTP/1.1
G<T / HTTP/1.1
GET /\x00 HTTP/1.1
GET /\x7f HTTP/1.1
GET nowhere HTTP/1.1
GET http://[ HTTP/1.1
GET * HTTP/1.1
GET / HTTP/1.1 x
\xff\xfe\xfd
\x16\x03\x01\x02\x00\x01\x00\x01\xfc
PRI * HTTP/2.0
GET / HTTP/1.1\rX: 1
GET /a b c
\x20GET / HTTP/1.1
GET /\xe9\n HTTP/1.1
"""),
    b"",
    b"X" * 9000,
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1",
    b"A" * 40 + b" / HTTP/1.1",
]

FIELDS = [
    *lines(r"""
no colon
: no name
Na me: 1
Name : 1
N\x00me: 1
N\xe9: 1
(X): 1
X: a\x00b
X: a\rb
X: 1\r\n folded
X: \x1b[2J\x7f\x00
Host: a\r\nHost: b
Host: evil.example
Host: a b
Host:
Expect: the-worst
Content-Length: -1
Content-Length: +1
Content-Length: 1_0
Content-Length: 0x1
Content-Length: 1e3
Content-Length: a
Content-Length: 1 1
Content-Length: \xb2
Content-Length: 1\r\nContent-Length: 2
Content-Length: 1, 2
Content-Length:\x0b1
Content-Length: 1\x00
Content-Length: 999999999999999999999999999999
Content-Length: 1\r\nTransfer-Encoding: chunked
Transfer-Encoding: chunked\r\nContent-Length: 1
Transfer-Encoding: chunked\r\nTransfer-Encoding: identity
Transfer-Encoding: gzip
Transfer-Encoding: chunked, gzip
Transfer-Encoding: chunked, chunked
Transfer-Encoding: xchunked
Transfer-Encoding: chunked\x0b
Transfer-Encoding: \x00chunked
Transfer-Encoding: identity, x
Transfer-Encoding: chu nked
Transfer-Encoding : chunked
Transfer_Encoding: chunked\r\nX
"""),
    b"X: " + b"y" * 100_000,
    b"\r\n".join(b"X-%d: 1" % number for number in range(500)),
]

CHUNKS = [
    *lines(r"""
5\r\nhello\r\n0\r\n\r\n
z\r\n
-1\r\n
5_0\r\n
\x00\r\n
0x5\r\nhello\r\n0\r\n\r\n
FFFFFFFFFFFFFFFFF\r\n
5\r\nhel
5\r\nhelloX\r\n0\r\n\r\n
5\nhello\n0\n\n
"""),
    b"",
    b"5;" + b"x" * 70_000 + b"\r\nhello\r\n0\r\n\r\n",
]

NUMBERS = words("""
a 1_0 %2B5 -1 %2016 5%20 %EF%BC%94 %D9%A3 1.0 1e1 0x5 %00 5%00 5%0A %C2%B2 NaN inf true %5B%5D .. 5,6 5;6
""")
NUMBERS += ["", "9" * 12, "9" * 13, "9" * 19, "9" * 20, "9" * 5000, "1" + "0" * 4299]
SPANS = ["5:5", "7:3", "0:51", "0:99999999999", ":", "0", "0:1:2", "0-5", "0::5"]
LEVELS = ["10", "-1", "a", "%EF%BC%94", "00", "9", "1_0", ""]
OPTIONS = words("access-mode=x access-mode=raw&no-cache=true no-cache=7 format=exe format= format=../bin")

NAMES = words("""
.. . %2e%2e ..%2f..%2fetc a%2fb a%00b %00 zarr.json .locks bosslet.db %20 a%20b a%0a a%0d%0aX-Evil:%201 % %zz a%5cb a.b
%E2%80%AE %C3%A9 %ff%fe a%e2%80%8bb %F0%9F%98%80 %c0%ae%c0%ae %7e ~root $HOME `id` {{7*7}} %3Cscript%3E '%20OR%201=1--
a;b a%3Fb a:b
""")
NAMES += ["a" * 256, "a" * 300, "a" * 5000]


def request(method: str, target: str, body: bytes | None = None, **headers: object) -> bytes:
    """A well-formed request; names of headers are written with ``_``, and one of None is left out."""
    fields: dict[str, object] = {"Host": "localhost", "Connection": "close"}
    if body is not None:
        fields["Content_Length"] = len(body)
    text = [f"{method} {target} HTTP/1.1"]
    text += [f"{name.replace('_', '-')}: {value}" for name, value in (fields | headers).items() if value is not None]
    return "\r\n".join([*text, "", ""]).encode("latin-1") + (body or b"")


def json_request(target: str, body: bytes, **headers: object) -> bytes:
    """A POST of JSON, or of what claims to be."""
    return request("POST", target, body, Content_Type="application/json", **headers)


def heads() -> Iterator[Case]:
    """What is no request line, or no header."""
    for line in REQUEST_LINES:
        yield f"line {line[:40]!r}", line + b"\r\nHost: localhost\r\n\r\n"
    head = b"POST " + CUTOUT.encode() + b" HTTP/1.1\r\nContent-Type: application/blosc\r\n"
    for field in FIELDS:
        host = b"" if field.startswith(b"Host") else b"Host: localhost\r\n"
        yield f"header {field[:40]!r}", head + host + field + b"\r\n\r\n0\r\n\r\n"


def chunks() -> Iterator[Case]:
    """Bodies in chunks, most of them broken."""
    targets = {CUTOUT: "application/blosc", "/v1/collection/new": "application/json", "/v1/permissions/": "text/plain"}
    for target, kind in targets.items():
        for piece in CHUNKS:
            head = request("POST", target, None, Content_Type=kind, Transfer_Encoding="chunked")
            yield f"chunks {piece[:20]!r} to {target}", head + piece


def cut_off() -> Iterator[Case]:
    """Bodies that end before their time, by a client that then says that nothing will come."""
    whole = blosc.compress(bytes(range(256)) * (VOXELS // 256) + bytes(VOXELS % 256), 8)
    for length in (0, 1, 15, 16, 100, len(whole) // 2, len(whole) - 1):
        for claimed in (len(whole), len(whole) + 1, 10**6):
            fields = {"Content_Type": "application/blosc", "Content_Length": claimed}
            yield f"{length} of {claimed} bytes", request("POST", CUTOUT, whole[:length], **fields)
    for target in ("/v1/collection/new", "/v1/coord/new"):
        yield f"half of {target}", json_request(target, b'{"descr', Content_Length=400)
    yield "100 GB", request("POST", CUTOUT, b"x", Content_Type="application/blosc", Content_Length=10**11)


def numbers() -> Iterator[Case]:
    """What is no number, or none that lies in the frame."""
    for text in NUMBERS:
        for x in (f"0:{text}", f"{text}:50"):
            yield f"x {x[:40]}", request("GET", f"/v1/cutout/canary/e/em/0/{x}/0:40/0:12/")
    for span in SPANS:
        for place in ("{}/0:40/0:12", "0:50/{}/0:12", "0:50/0:40/{}", "0:50/0:40/0:12/{}"):
            yield f"{place} {span}", request("GET", f"/v1/cutout/canary/e/em/0/{place.format(span)}/")
    for level in LEVELS:
        yield f"resolution {level}", request("GET", f"/v1/cutout/canary/e/em/{level}/0:50/0:40/0:12/")
    for option in OPTIONS:
        yield option, request("GET", f"{CUTOUT}?{option}")


def names() -> Iterator[Case]:
    """Names that are none, or that lead elsewhere, where something would be made or read."""
    for name in NAMES:
        path = quote(name, safe="%./~$`{}'=;:")
        yield f"collection {name[:30]}", json_request(f"/v1/collection/{path}", b"{}")
        yield f"group {name[:30]}", json_request(f"/v1/groups/{path}", b"{}")
        yield f"cutout {name[:30]}", request("GET", f"/v1/cutout/canary/e/{path}/{BOX}/")
        yield f"page {name[:30]}", request("GET", f"/view/canary/e/{path}")
        yield f"file {name[:30]}", request("GET", f"/static/{path}")


def credentials() -> Iterator[Case]:
    """Who asks, said wrongly; for a server that looks at it."""
    keys = ["Token", "Token ", "Token a b", "Token " + "f" * 40, "Bearer " + "f" * 64, "Token " + "x" * 7000]
    for value in (*keys, "Bearer \xff\xfe", "Token ' OR 1=1"):
        yield f"{value[:20]!r}", request("GET", "/v1/collection/", None, Authorization=value)
    for value in (None, "Basic YWRtaW46YWRtaW4=", "Digest x", "Negotiate x", "\xff", "token", "Token public"):
        yield f"write as {value!r}", json_request("/v1/collection/new", b"{}", Authorization=value)
