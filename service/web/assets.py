"""The files that browsers load, made small: minified, compressed, and kept in memory.

Called by ``service.web.site`` for everything under /static and for /widget.js. Each form of a file
is made when it is first asked for, and anew when the file has changed, so that there is no build
step. Never serves anything outside its folder and never writes.

The widget's modules are also under ``widget/v-HASH/``, where HASH is of all of them together: such
an address always means the same bytes, so browsers keep them for good and never mix two versions.
"""

import functools
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

import brotli
import rcssmin
import rjsmin
from werkzeug.datastructures import Accept
from werkzeug.security import safe_join

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
ENCODINGS = ("br", "gzip")  # the smaller first
KEEP = "public, max-age=31536000, immutable"
ASK = "no-cache"  # kept, but asked about each time: a 304 nearly always
VERSIONED = re.compile(r"widget/v-(?P<version>[0-9a-f]+)(-\d)?/(?P<name>.+)")
STARTER = "widget.js"
VERSION_MARK = "const VERSION = '';"  # in the starter; it loads the modules from there

COMMENTS = re.compile(r"/\*.*?\*/|^\s*//.*?$|\s// .*?$", re.DOTALL | re.MULTILINE)
STYLES = re.compile(r"(\bcss = `)([^`]*)")  # a style sheet that a script holds as text
PLAIN_TEMPLATE = re.compile(r"`(?:[^`\\$]|\\.|\$(?!\{)|\$\{[^}`]*\})*`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in one form."""

    body: bytes
    mimetype: str
    encoding: str | None
    etag: str


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What a file looked like: another stamp, another content."""

    changed: int
    size: int


class Assets:
    """The files of one folder. Threads share it: at worst two of them do the same work once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._small: dict[str, tuple[object, bytes]] = {}
        self._forms: dict[tuple[str, str | None], tuple[bytes, Asset]] = {}
        self._version: tuple[object, str] | None = None

    def find(self, name: str, accepted: Accept) -> Asset | None:
        """The file of that name below the folder, in the smallest form that ``accepted`` allows;
        none when there is no such file."""
        if match := VERSIONED.fullmatch(name):
            name = f"widget/{match['name']}"
        path = self._path(name)
        if path is None:
            return None
        name = str(path.relative_to(self.folder))  # what is kept has one name, however it was asked
        encoding = chosen_encoding(accepted) if path.suffix in TYPES else None
        return self._form(name, self._made_small(name, path), encoding)

    def cache_control(self, name: str) -> str:
        """How long what is under that name may be kept."""
        match = VERSIONED.fullmatch(name)
        return KEEP if match and match["version"] == self.version() else ASK

    def version(self) -> str:
        """Names the widget's modules as they are now, whichever process or machine is asked."""
        files = sorted((self.folder / "widget").rglob("*.js"))
        stamps = [(file, _stamp(file)) for file in files]
        if self._version is None or self._version[0] != stamps:
            digest = hashlib.sha256()
            for file in files:
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
            self._version = (stamps, digest.hexdigest()[:12])
        return self._version[1]

    def _path(self, name: str) -> Path | None:
        joined = safe_join(str(self.folder), name)
        try:
            return Path(joined) if joined and Path(joined).is_file() else None
        except (ValueError, OSError):  # a NUL in the address, or a name that is too long
            return None

    def _made_small(self, name: str, path: Path) -> bytes:
        """The minified file; kept until it, or a version that it names, changes."""
        version = self.version() if name == STARTER else ""
        stamp = (_stamp(path), version)
        known = self._small.get(name)
        if known is None or known[0] != stamp:
            known = (stamp, minified(path, version))
            self._small[name] = known
        return known[1]

    def _form(self, name: str, small: bytes, encoding: str | None) -> Asset:
        known = self._forms.get((name, encoding))
        if known is None or known[0] is not small:
            guessed = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
            etag = hashlib.sha256(small).hexdigest()[:20] + (f"-{encoding}" if encoding else "")
            body = compressed(small, encoding)
            known = (small, Asset(body, guessed or "application/octet-stream", encoding, etag))
            self._forms[name, encoding] = known
        return known[1]


def minified(path: Path, version: str = "") -> bytes:
    """A script or a style sheet without what only people need; any other file as it is."""
    raw = path.read_bytes()
    if path.suffix == ".js":
        script = raw.decode().replace(VERSION_MARK, f"const VERSION = 'v-{version}';")
        script = STYLES.sub(lambda found: found[1] + rcssmin.cssmin(found[2]), script)
        return (str(rjsmin.jsmin(script)) if can_be_minified(script) else script).encode()
    if path.suffix == ".css":
        return str(rcssmin.cssmin(raw.decode())).encode()
    return raw


def can_be_minified(script: str) -> bool:
    """Whether no template holds another: rjsmin takes what follows the inner one for code."""
    return "`" not in PLAIN_TEMPLATE.sub("", COMMENTS.sub("", script))


def compressed(body: bytes, encoding: str | None) -> bytes:
    """The body in a content encoding of ``ENCODINGS``, as small as it gets."""
    if encoding == "br":
        return bytes(brotli.compress(body, mode=brotli.MODE_TEXT))
    if encoding == "gzip":
        return gzip.compress(body, 9, mtime=0)
    return body


def chosen_encoding(accepted: Accept) -> str | None:
    """What the client prefers of ``ENCODINGS``; none when it takes neither."""
    wanted = [name for name in ENCODINGS if accepted.quality(name) > 0]
    return max(wanted, key=accepted.quality, default=None)


@functools.cache
def packaged() -> Assets:
    """The desk's own files; every application of a process shares them."""
    return Assets(Path(__file__).parent / "static")


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return _Stamp(status.st_mtime_ns, status.st_size)
