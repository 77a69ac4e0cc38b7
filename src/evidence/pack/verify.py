#!/usr/bin/env python3
"""Checks a pack of evidence from Breakglass, with nothing but Python 3.8 or newer.

    python3 verify.py                          in the folder `verify` of an unpacked pack
    python3 verify.py PACK.zip                 a pack as it came
    python3 verify.py PACK.zip --key VKEY      only if this key signed it
    python3 verify.py PACK.zip --witness FILE  and only if it goes on from a checkpoint
                                               that somebody else kept (one of those
                                               that the weekly report carried); may be
                                               given more than once

It says first what is wrong, and ends with 1; or it ends with 0. It was written to be
read: about thirteen hundred lines, no network, nothing is executed or written.

What it can't know stands at the end of what it says: see BOUND.
"""

import argparse
import base64
import contextlib
import datetime
import hashlib
import json
import os
import re
import struct
import sys
import zipfile
import zlib
from xml.parsers import expat

ROOM = "verify/"
# Files that can't stand in the list of files, because they are made of it.
LIST, SEAL = ROOM + "MANIFEST", ROOM + "MANIFEST.note"
# What is longer than this, and isn't hashes, was made to take our memory.
LONGEST = 64 << 20
CHANGES = "SOC 2 Evidence/Change Management/"
BOOK = CHANGES + "Change Log.xlsx"
ABOUT = ROOM + "pack.json"
# The papers of an emergency change, and of another one.
PAPERS = {
    "breakglass-record": (
        "change_ticket.pdf",
        "approval_record.pdf",
        "testing_results.pdf",
        "deployment_confirmation.pdf",
    ),
    "breakglass-normal-record": (
        "pull_request.pdf",
        "approval_record.pdf",
        "ci_results.pdf",
        "deployment_log.pdf",
        "monitoring_confirmation.pdf",
    ),
}

BOUND = """What that says, and what it doesn't:
- Signed by the key: the log up to its checkpoint, and the list of all files as they are.
- Held against the log: which emergency changes the change log lists, as what and of when; that
  each other row of it was told by a source; the population's counts and the draw of the samples;
  of each sample its texts, its timeline, and what its sources told.
- Only in the signer's list, so as true as the signer: the papers, attachments, policies and
  index.html, the other columns and sheets of the change log, all else in a record.json, and the
  period and the time of the checkpoint.
- Whoever holds the key can write anew what is only in the list, at any time; and of the log
  whatever came after the newest checkpoint that you have from somebody else.
- Not shown: that each change that a source told of has its row, for not all that was told is in
  the pack; and nobody can prove by this what was never recorded."""


class Wrong(Exception):
    """The first thing that doesn't hold, as a sentence."""


# What comes of reading something that isn't there, or is something else.
ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, expat.ExpatError)


@contextlib.contextmanager
def form_of(name):
    """Says of which file it is that something isn't of its form."""
    try:
        yield
    except ODD:
        raise Wrong("altered: %s isn't of the form that packs have" % name)


# Ed25519 by RFC 8032, section 5.1: checking only, and slow on purpose: to be read.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_mul(n, p):
    q = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            q = point_add(q, p)
        p = point_add(p, p)
        n >>= 1
    return q


def point_equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P:
        return None
    return P - x if (x & 1) != sign else x


def point_read(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def is_signed(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point_read(public), point_read(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(digest, "little") % L
    return point_equal(point_mul(s, BASE), point_add(r, point_mul(h, a)))


# The notes: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint.


class Key:
    """A key as `name+id+base64(type, key)`."""

    def __init__(self, text):
        try:
            self.name, key_id, rest = text.strip().split("+", 2)
            self.text = text.strip()
            raw = base64.b64decode(rest, validate=True)
            self.id = bytes.fromhex(key_id)
        except ValueError:
            raise Wrong("the key isn't of the form name+id+key: %s" % text.strip())
        expected = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != 1 or self.id != expected:
            raise Wrong("the key is no Ed25519 key that fits its own id: %s" % text.strip())
        self.public = raw[1:]

    def __str__(self):
        return self.text


def opened(what, note, keys):
    """The text of a note that one of the keys signed."""
    try:
        note = note.decode("utf-8")
        if not note.endswith("\n") or any(one < " " and one != "\n" for one in note):
            raise ValueError("another form")
        text, signatures = note.rsplit("\n\n", 1)
        signatures = [signature_of(line) for line in signatures[:-1].split("\n")]
    except ValueError:
        raise Wrong("altered: %s is no signed note" % what)
    text += "\n"
    is_known = False
    for name, raw in signatures:
        for key in keys:
            if name == key.name and raw[:4] == key.id:
                if not is_signed(key.public, text.encode("utf-8"), raw[4:]):
                    raise Wrong("altered: %s, for its signature doesn't fit" % what)
                is_known = True
    if not is_known:
        raise Wrong("%s isn't signed by the key %s" % (what, keys[-1]))
    return text


def signature_of(line):
    """Whose signature a line is, and its bytes behind the number of the key."""
    mark, name, coded = line.split(" ")
    raw = base64.b64decode(coded, validate=True)
    # Bytes have one form in base64, and some programs read others, too.
    if mark != "\u2014" or not name or len(raw) < 5 or base64.b64encode(raw).decode() != coded:
        raise ValueError("no signature")
    return name, raw


def checkpoint(what, note, keys):
    """Size and root that a checkpoint states."""
    lines = opened(what, note, keys).split("\n")
    if lines[0] != keys[-1].name:
        raise Wrong("%s is of another log: %s" % (what, lines[0]))
    try:
        return int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (ValueError, IndexError):
        raise Wrong("%s is no checkpoint" % what)


def brought(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        raise Wrong("%s can't be read" % path)


def expected_key(text):
    """The key as it was given: itself, or a file in which it stands."""
    words = [text] if text.count("+") >= 2 and not os.path.exists(text) else []
    for word in words or brought(text).decode("utf-8", "replace").split():
        if word.count("+") >= 2:
            return Key(word.strip("`\"'"))
    raise Wrong("%s holds no key" % text)


def witnessed(path, keys):
    """Size and root that somebody else kept: a whole checkpoint, or the line of a message."""
    kept = brought(path).replace(b"\r\n", b"\n")
    if b"\n\n" in kept and "\u2014 ".encode("utf-8") in kept:
        return checkpoint("the witnessed checkpoint", kept, keys)
    for line in kept.decode("utf-8", "replace").splitlines():
        size, found, root = line.partition("Log: ")[2].partition(" records, root ")
        if found:
            try:
                root = base64.b64decode(root.split()[0].strip("`"), validate=True)
                return int(size.replace(",", "")), root
            except (ValueError, IndexError):
                continue
    raise Wrong("%s is neither a checkpoint nor the line of a message" % path)


# The tree: RFC 6962, section 2.1.


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(hashes, size):
    """The root of the first `size` leaves; `hashes` holds 32 bytes for each."""
    peaks = []
    for at in range(size):
        node, n = hashes[32 * at : 32 * at + 32], at
        while n & 1:
            node = sha(b"\x01", peaks.pop(), node)
            n >>= 1
        peaks.append(node)
    if not peaks:
        return hashlib.sha256(b"").digest()
    node = peaks.pop()
    while peaks:
        node = sha(b"\x01", peaks.pop(), node)
    return node


def root_by_path(leaf, index, size, path):
    """The root to which a leaf's path leads: RFC 9162, section 2.1.3.2."""
    if index >= size:
        return None
    fn, sn, node = index, size - 1, leaf
    for step in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            node = sha(b"\x01", step, node)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha(b"\x01", node, step)
        fn, sn = fn >> 1, sn >> 1
    return node if sn == 0 else None


# The pack.


class Folder:
    def __init__(self, path):
        self.path = path

    def names(self):
        for place, folders, files in os.walk(self.path):
            links = [one for one in folders if os.path.islink(os.path.join(place, one))]
            for name in files + links:
                whole = os.path.relpath(os.path.join(place, name), self.path)
                yield whole.replace(os.sep, "/")

    def open(self, name):
        return open(os.path.join(self.path, *name.split("/")), "rb")

    def check_layout(self):
        pass


class Zip:
    def __init__(self, file):
        self.file = file
        self.zip = zipfile.ZipFile(file)

    def names(self):
        return [one.filename for one in self.zip.infolist() if not one.is_dir()]

    def open(self, name):
        return self.zip.open(name)

    def part(self, at, n):
        self.file.seek(at)
        part = self.file.read(n)
        if len(part) != n:
            raise struct.error("the file ends")
        return part

    def check_layout(self):
        """The files lie one behind the other, and there is nothing besides: whatever
        else stood there, some program would show, and nobody signed it."""
        try:
            entries, begins = self.entries()
        except (ValueError, struct.error) + BROKEN:
            raise Wrong("altered: the zip's list of its files can't be read")
        at, nexts = 0, [offset for _, _, _, offset, _ in entries[1:]] + [begins]
        for (raw, is_streamed, is_remarked, offset, packed), then in zip(entries, nexts):
            name = raw.decode("utf-8", "replace")
            if is_remarked:
                raise Wrong("inserted: the zip holds a comment on %s" % name)
            if offset > at:
                raise Wrong("inserted: the zip holds bytes before %s that are of no file" % name)
            if offset < at:
                raise Wrong("altered: %s lies in the zip where another file does" % name)
            if name.endswith("/") and packed:
                raise Wrong("inserted: the folder %s in the zip holds bytes that are of no file" % name)
            try:
                mark, of_name, of_more = struct.unpack("<4s22xHH", self.part(offset, 30))
                said = self.part(offset + 30, of_name)
            except struct.error:
                mark, said, of_name, of_more = b"", b"", 0, 0
            if mark != b"PK\3\4" or said != raw:
                raise Wrong("altered: %s can't be read" % name)
            at = offset + 30 + of_name + of_more + packed
            # A program that didn't know how long the file would be says so behind it.
            if is_streamed and then - at in (12, 16, 20, 24):
                at = then
        if at != begins:
            raise Wrong("inserted: the zip holds bytes behind its last file that are of no file")

    def entries(self):
        """The zip's own list of its files, and where it begins."""
        ends = self.file.seek(0, 2) - 22
        mark, *found, remark = struct.unpack("<4s6xHIIH", self.part(max(ends, 0), 22))
        if mark != b"PK\5\6" or remark:
            raise Wrong("inserted: the zip holds a comment, or bytes behind its end")
        if ends >= 20 and self.part(ends - 20, 4) == b"PK\6\7":
            (at,) = struct.unpack("<8xQ4x", self.part(ends - 20, 20))
            mark, *large = struct.unpack("<4s28xQQQ", self.part(at, 56))
            pairs = zip(found, large, (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF))
            fits = all(short in (long, elsewhere) for short, long, elsewhere in pairs)
            if mark != b"PK\6\6" or not fits or at + 76 != ends:
                raise ValueError("another end")
            found, ends = large, at
        n, length, begins = found
        if begins + length != ends:
            raise Wrong(
                "inserted: the zip holds bytes before its first file, or around its list,"
                " that are of no file"
            )
        rest, entries = self.part(begins, length), []
        while rest:
            head = struct.unpack("<4s4xH10xIIHHH8xI", rest[:46])
            mark, flags, packed, whole, of_name, of_more, of_remark, offset = head
            at = 46 + of_name
            name, more, end = rest[46:at], rest[at : at + of_more], at + of_more + of_remark
            if mark != b"PK\1\2" or len(rest) < end:
                raise ValueError("no entry")
            # Of these, those stand elsewhere that are large.
            numbers = [whole, packed, offset]
            while len(more) >= 4:
                kind, length = struct.unpack("<HH", more[:4])
                large, more = more[4 : 4 + length], more[4 + length :]
                for which in range(3):
                    if kind == 1 and numbers[which] == 0xFFFFFFFF:
                        (numbers[which],) = struct.unpack("<Q", large[:8])
                        large = large[8:]
            entries.append((name, flags & 8, of_remark, numbers[2], numbers[1]))
            rest = rest[end:]
        if len(entries) != n:
            raise ValueError("another number")
        return entries, begins


BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError)


class Pack:
    def __init__(self, path):
        try:
            self.place = Folder(path) if os.path.isdir(path) else Zip(open(path, "rb"))
            names = list(self.place.names())
        except BROKEN + (ValueError,):
            raise Wrong("%s is neither a pack nor the folder of one" % path)
        self.names = set()
        for name in names:
            if name in self.names:
                raise Wrong("inserted: the pack holds two files named %s" % name)
            self.names.add(name)

    def open(self, name):
        if name not in self.names:
            raise Wrong("missing: %s" % name)
        try:
            return self.place.open(name)
        except BROKEN:
            raise Wrong("altered: %s can't be read" % name)

    def parts(self, name):
        """The bytes of a file, some at a time."""
        with self.open(name) as file:
            try:
                yield from iter(lambda: file.read(1 << 20), b"")
            except BROKEN:
                raise Wrong("altered: %s can't be read" % name)

    def read(self, name, most=LONGEST, too_long=None):
        read = bytearray()
        for part in self.parts(name):
            read += part
            if len(read) > most:
                raise Wrong(too_long or "altered: %s is longer than such a file can be" % name)
        return bytes(read)

    def lines(self, name):
        rest = b""
        for part in self.parts(name):
            lines = (rest + part).split(b"\n")
            rest = lines.pop()
            if len(rest) > LONGEST:
                raise Wrong("altered: %s is longer than such a file can be" % name)
            yield from lines
        if rest:
            raise Wrong("altered: %s ends within a line" % name)

    def json(self, name):
        try:
            value = json.loads(self.read(name).decode("utf-8"), parse_constant=no_number)
            check_json(value, 0)
            return value
        except (ValueError, RecursionError):
            raise Wrong("altered: %s isn't JSON" % name)

    def digest(self, name):
        hashed = hashlib.sha256()
        for part in self.parts(name):
            hashed.update(part)
        return hashed.hexdigest()


def no_number(*text):
    raise ValueError(*text)


def check_json(value, depth):
    """What some programs read and others don't is in none of our files."""
    parts = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        parts = list(value) + list(value.values())
    elif isinstance(value, str):
        value.encode("utf-8")
    if depth > 100:
        raise ValueError("too deep")
    for part in parts:
        check_json(part, depth + 1)


def check_files(pack, key):
    """Every file is as it was listed, none is missing, none came since."""
    sealed = opened(SEAL, pack.read(SEAL), [key]).split("\n")
    manifest = pack.read(LIST)
    if sealed[0] != key.name + "/pack" or sealed[1:2] != [hashlib.sha256(manifest).hexdigest()]:
        raise Wrong("altered: %s isn't the list that was signed" % LIST)
    listed = {}
    for line in manifest.decode("utf-8").split("\n")[:-1]:
        digest, _, name = line.partition("  ")
        if name in listed:
            raise Wrong("inserted: %s lists %s twice" % (LIST, name))
        listed[name] = digest
    for name in sorted(pack.names):
        if name not in listed and name not in (LIST, SEAL):
            raise Wrong("inserted: %s isn't in the list of files" % name)
    for name, digest in sorted(listed.items()):
        if pack.digest(name) != digest:
            raise Wrong("altered: %s isn't the file that was listed" % name)
    return len(listed)


def record_of(leaf):
    """What a leaf is called in a sentence."""
    of = ", of CHG-%s" % leaf["change"] if leaf.get("change") else ""
    return "record %s (%s%s, %s)" % (leaf.get("seq"), leaf.get("type"), of, leaf.get("at"))


def check_log(pack, key):
    """The log is the one that was signed."""
    name = ROOM + "checkpoint.txt"
    size, root = checkpoint(name, pack.read(name), [key])
    too_long = "the checkpoint is of %d records, and there are more" % size
    hashes = pack.read(ROOM + "hashes.bin", 32 * size, too_long)
    if len(hashes) != 32 * size:
        raise Wrong("the checkpoint is of %d records, and there are %d" % (size, len(hashes) // 32))
    if root_of(hashes, size) != root:
        raise Wrong("the records' hashes don't give the root that the checkpoint states")
    return size, root, hashes


def check_parts(pack, key):
    """What openssl is given is the checkpoint and the key."""
    body, signatures = pack.read(ROOM + "checkpoint.txt").decode("utf-8").rsplit("\n\n", 1)
    signatures = [signature_of(line) for line in signatures[:-1].split("\n")]
    raw = next(raw for name, raw in signatures if name == key.name and raw[:4] == key.id)
    coded = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + key.public)
    pem = b"-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % coded
    parts = (("checkpoint.body", body.encode("utf-8") + b"\n"), ("checkpoint.sig", raw[4:]), ("key.pem", pem))
    for name, due in parts:
        if pack.read(ROOM + name) != due:
            raise Wrong("altered: %s isn't that of checkpoint.txt and key.txt" % (ROOM + name))


class About:
    """What the pack says of itself in pack.json, as far as others speak of it, too."""

    def __init__(self, pack, key, size, root):
        about = pack.json(ABOUT)
        with form_of(ABOUT):
            if (about["form"], about["version"]) != ("breakglass-pack", 1):
                raise ValueError("another form")
            self.workspace, period = about["workspace"], about["period"]
            self.first, self.samples = number(about["leaves"]["first"]), about["samples"]
            self.population = about["population"]
            self.n_samples, self.made_at = number(self.samples["n"]), about["checkpoint"]["made_at"]
            self.start, self.end = instant(period["from"]), instant(period["to"])
            signed = number(about["checkpoint"]["size"]), about["checkpoint"]["root"]
            is_of_log = signed == (size, base64.b64encode(root).decode())
            if not is_of_log or number(about["leaves"]["end"]) != size or self.first > size:
                raise Wrong("altered: %s states another checkpoint than was signed" % ABOUT)
            if key.name != "breakglass/" + self.workspace:
                raise Wrong("altered: %s names another workspace than the key" % ABOUT)
            # Where days begin differs by the place on earth, and not by more.
            first, last = [instant(period[day] + "T00:00:00Z") for day in ("first_day", "last_day")]
            off = (self.start - first, self.end - last - 86400 * 10**6)
            if max(map(abs, off)) > 16 * 3600 * 10**6 or self.end <= self.start:
                raise Wrong("altered: %s states days that don't begin when it says" % ABOUT)


def number(value):
    """A number as a program writes it; true is none, and neither is 1.0."""
    if type(value) is not int or value < 0:
        raise ValueError("no number")
    return value


def number_of(name):
    """The number of a change of the register by its name; nothing if it is another's."""
    return int(name[4:]) if re.fullmatch("CHG-[1-9][0-9]{0,17}", name) else None


class Change:
    """A change of the register, as far as its records tell whether it counts, and when."""

    def __init__(self):
        self.asked, self.deployed, self.is_drill, self.is_double = None, [], False, False

    def take(self, leaf):
        data, kind = leaf["data"], leaf["type"]
        if kind == "requested":
            self.asked, self.is_drill = instant(leaf["at"]), data.get("drill") is True
        elif self.asked is None:
            raise Wrong("missing: what was before %s isn't in leaves.jsonl" % record_of(leaf))
        elif kind == "deployed":
            self.deployed.append(instant(data["deployed_at"]))
        elif kind == "deployment_corrected":
            before, after = instant(data["from"]), instant(data["to"])
            if before not in self.deployed:
                raise Wrong("missing: what %s corrects isn't in leaves.jsonl" % record_of(leaf))
            self.deployed = [after if at == before else at for at in self.deployed]
        elif kind == "linked_as_duplicate":
            self.is_double = True

    def at(self):
        return min(self.deployed, default=self.asked)

    def kind(self):
        if self.is_drill:
            return "Drill"
        if self.is_double:
            return "Second record"
        return "Emergency" if self.deployed else "Not deployed"


def check_keys(named, key, expected):
    """The keys that the log names, up to the one that signed; and the expected one among them."""
    keys, since = [], None
    for leaf in named:
        data = leaf["data"]
        if leaf["type"] == "key_adopted" and not keys:
            keys.append(Key(data["key"]))
        elif leaf["type"] == "key_rotated" and keys and str(keys[-1]) == data["from"]:
            new = Key(data["to"])
            if data["note"] is None:
                since = None
            else:
                words = "%s\nfrom here on signed by\n%s\n" % (new.name, new)
                if opened(record_of(leaf), data["note"].encode("utf-8"), [keys[-1]]) != words:
                    raise Wrong("%s hands the log over to another key" % record_of(leaf))
            keys.append(new)
        else:
            raise Wrong("%s replaces a key that wasn't in force" % record_of(leaf))
        if expected and str(keys[-1]) == str(expected):
            since = keys[-1]
    if not keys or str(keys[-1]) != str(key):
        raise Wrong("the pack is signed with another key than the log names: %s" % key)
    if expected and since is None:
        raise Wrong("the pack is signed with another key than the one you gave: %s" % key)
    return keys


class Wanted:
    """Which leaves the samples are about: only these are kept while all pass by."""

    def __init__(self, pack, about):
        self.samples, self.changes, self.seqs, self.papers = {}, {}, {}, []
        folders = set()
        for name in sorted(pack.names):
            folder, found, _ = name[len(CHANGES) :].partition("/")
            if name.startswith(CHANGES + "Sample ") and found:
                folders.add(folder)
            elif name.endswith("/record.json"):
                raise Wrong("inserted: %s is of no sample" % name)
        for folder in sorted(folders, key=place_of):
            name = CHANGES + folder + "/record.json"
            if place_of(folder) != len(self.samples) + 1:
                raise Wrong("missing: sample %d" % (len(self.samples) + 1))
            record = pack.json(name)
            beside = CHANGES + folder + "/inclusion_proof.json"
            proofs = pack.json(beside)
            self.samples[name] = record, proofs
            with form_of(name):
                wanted = PAPERS[record["form"]]
                self.papers += [CHANGES + folder + "/" + paper for paper in wanted]
                if record["form"] == "breakglass-record":
                    self.changes[int(number_of(record["number"]))] = []
            with form_of(beside):
                for proof in proofs["records"]:
                    self.seqs[number(proof["seq"])] = None
                if not proofs["records"]:
                    raise ValueError("no records")
        if len(self.samples) != about.n_samples:
            n = about.n_samples, len(self.samples)
            raise Wrong("missing: %s states %d samples, and here are %d" % ((ABOUT,) + n))

    def names(self):
        return [record.get("number", record.get("name")) for record, _ in self.samples.values()]


def place_of(folder):
    """Which of the samples a folder is of, by its name."""
    found = re.match("Sample ([1-9][0-9]{0,8}) - ", folder)
    if not found:
        raise Wrong("inserted: %s%s/ is no folder of a sample" % (CHANGES, folder))
    return int(found.group(1))


def check_leaves(pack, hashes, about, wanted):
    """The full records fit their hashes, and from the first of the period on none is left out."""
    due, last, n_leaves, named, intakes, changes = about.first, -1, 0, [], [], {}
    for line in pack.lines(ROOM + "leaves.jsonl"):
        try:
            leaf = json.loads(line.decode("utf-8"))
            seq, change, kind = number(leaf["seq"]), leaf["change"], leaf["type"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Wrong("altered: a line of leaves.jsonl after record %d" % last)
        if seq <= last:
            raise Wrong("out of order: %s comes after record %d" % (record_of(leaf), last))
        if sha(b"\x00", line) != hashes[32 * seq : 32 * seq + 32]:
            raise Wrong("altered: %s isn't the one that was signed" % record_of(leaf))
        if leaf["workspace"] != about.workspace:
            raise Wrong("altered: %s is of another workspace" % record_of(leaf))
        if seq >= about.first:
            if seq != due:
                raise Wrong("missing: record %d isn't in leaves.jsonl" % due)
            due += 1
            if kind == "deployments_taken_in":
                intakes.append(leaf)
        is_before = seq + 1 == about.first
        if is_before and instant(leaf["at"]) >= about.start:
            raise Wrong("missing: %s is of the period, or later, and left out of it" % record_of(leaf))
        if change is not None:
            changes.setdefault(change, Change()).take(leaf)
        if change in wanted.changes:
            wanted.changes[change].append((line, leaf))
        if seq in wanted.seqs:
            wanted.seqs[seq] = line, leaf
        if kind in ("key_adopted", "key_rotated"):
            named.append(leaf)
        if seq >= about.first > last + 1 and about.first > 0:
            raise Wrong("missing: record %d isn't in leaves.jsonl" % (about.first - 1))
        last, n_leaves = seq, n_leaves + 1
    if due < len(hashes) // 32:
        raise Wrong("missing: record %d isn't in leaves.jsonl" % due)
    if last + 1 < about.first:
        raise Wrong("missing: record %d isn't in leaves.jsonl" % (about.first - 1))
    return n_leaves, named, intakes, changes


class Tellings:
    """What sources told of normal changes, by its hashes: what the log has the hash of."""

    def __init__(self, pack, intakes):
        most = 32 * sum(number(leaf["data"]["n"]) for leaf in intakes)
        too_long = "inserted: tellings.bin holds more than the log took in"
        hashes, at = pack.read(ROOM + "tellings.bin", most, too_long), 0
        self.of_leaf, self.left = {}, [bytearray() for _ in range(1 << 16)]
        for leaf in intakes:
            rows = hashes[at : at + 32 * leaf["data"]["n"]]
            if hashlib.sha256(rows).hexdigest() != leaf["data"]["rows"]:
                raise Wrong("altered: what %s took in isn't what was told" % record_of(leaf))
            self.of_leaf[leaf["seq"]] = rows
            at += len(rows)
            # Those that begin alike lie together, so that none is looked for for long.
            for one in range(0, len(rows), 32):
                self.left[rows[one] << 8 | rows[one + 1]] += rows[one : one + 32]

    @staticmethod
    def place(rows, digest):
        at = rows.find(digest)
        while at >= 0 and at % 32:
            at = rows.find(digest, at + 1)
        return at

    def take(self, digest):
        """Whether it was told, and nobody took it before."""
        rows = self.left[digest[0] << 8 | digest[1]]
        at = self.place(rows, digest)
        if at >= 0:
            del rows[at : at + 32]
        return at >= 0


# The change log: a workbook, of which just what our writer makes is taken. It is read as
# it streams by, for it may have a million rows.


def plain(parser):
    """Refuses what our writer has no use for."""
    for what in ("StartDoctypeDecl", "Comment", "ProcessingInstruction", "StartCdataSection"):
        setattr(parser, what + "Handler", no_number)


class Sheet:
    """Shows each row of a sheet: the texts and numbers in it by their columns."""

    WITHIN = {
        "": {"worksheet"},
        "worksheet": {"sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData"}
        | {"autoFilter", "pageMargins", "pageSetup", "headerFooter"},
        "sheetData": {"row"},
        "row": {"c"},
        "c": {"is", "v"},
        "is": {"t"},
        "v": set(),
        "t": set(),
    }
    BESIDE = {"row": {"r", "ht", "customHeight", "spans", "s", "customFormat"}, "c": {"r", "s", "t"}}

    def __init__(self, see):
        self.see, self.path, self.n_rows = see, [""], 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.begin, self.end
        parser.CharacterDataHandler = self.words
        plain(parser)
        self.read = parser.ParseFile

    def begin(self, tag, given):
        above = self.path[-1]
        self.path.append(tag)
        within = self.WITHIN.get(above)
        if within is not None and tag not in within:
            raise ValueError("an element that isn't ours")
        if tag in self.BESIDE and within is not None:
            if given.keys() - self.BESIDE[tag]:
                raise ValueError("an attribute that isn't ours")
        if tag == "is" and within is not None:
            return
        # Nothing is there that isn't shown.
        is_seen = tag in ("c", "t", "v") or (
            float(given.get("ht", 9)) >= 9 and float(given.get("width", 5)) >= 5
        )
        if "hidden" in given or "zeroHeight" in given or not is_seen:
            raise ValueError("something hidden")
        if within is None:
            return
        if tag == "row":
            self.n_rows += 1
            self.row, self.at = {}, str(self.n_rows)
            if given["r"] != self.at:
                raise ValueError("a row in another's place")
        elif tag == "c":
            where = given["r"]
            self.column, self.kind, self.text = where[: -len(self.at)], given.get("t"), []
            if where != self.column + self.at or not re.fullmatch("[A-Z]+", self.column) or self.column in self.row:
                raise ValueError("a cell in another's place")
            self.row[self.column] = None
        elif tag in ("v", "t"):
            if self.text or (self.kind, tag) not in ((None, "v"), ("inlineStr", "t")):
                raise ValueError("a cell of another form")
            self.text.append("")

    def words(self, words):
        if self.path[-1] in ("v", "t"):
            self.text.append(words)

    def end(self, tag):
        self.path.pop()
        if tag == "c" and self.path[-1] == "row" and self.text:
            text = "".join(self.text)
            if not self.kind and not re.fullmatch("[-.0-9]{1,99}", text):
                raise ValueError("no number")
            # What XML can't have is written by its number.
            text = re.sub("_x([0-9A-F]{4})_", lambda one: chr(int(one.group(1), 16)), text)
            self.row[self.column] = text if self.kind else float(text)
        elif tag == "row" and self.path[-1] == "sheetData":
            self.see(self.n_rows, self.row)


class Book:
    """The workbook's sheets of the change log."""

    OURS = ["[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "docProps/core.xml"]
    OURS += ["xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/theme/theme1.xml", "xl/workbook.xml"]
    PAGE = "xl/worksheets/sheet%d.xml"
    HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<'

    def __init__(self, file):
        self.zip = Zip(file)
        self.zip.check_layout()
        self.sheets, targets = [], {}
        self.parse("xl/workbook.xml", lambda tag, given: self.sheets.append(given), "sheet")
        self.parse(
            "xl/_rels/workbook.xml.rels",
            lambda tag, given: targets.setdefault(given["Id"], []).append(given["Target"]),
            "Relationship",
        )
        pages = [self.PAGE % (n + 1) for n in range(len(self.sheets))]
        if sorted(self.zip.zip.namelist()) != sorted(self.OURS + pages):
            raise ValueError("other files")
        for sheet, page in zip(self.sheets, pages):
            if "state" in sheet or targets[sheet["r:id"]] != [page[3:]]:
                raise ValueError("a sheet that isn't shown")

    def open(self, name):
        file = self.zip.open(name)
        if file.read(len(self.HEAD)) != self.HEAD:
            raise ValueError("another beginning")
        file.close()
        return self.zip.open(name)

    def parse(self, name, see, wanted):
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda tag, given: see(tag, given) if tag == wanted else None
        plain(parser)
        with self.open(name) as file:
            parser.ParseFile(file)

    def rows(self, see):
        """Shows the rows of all sheets of the change log, without their headings."""
        for n, sheet in enumerate(self.sheets, 1):
            if sheet["name"] == ("Change Log" if n == 1 else "Change Log (%d)" % n):
                columns = {}

                def row(at, cells, columns=columns):
                    if at == 1:
                        columns.update((heading, column) for column, heading in cells.items())
                        if len(columns) != len(cells):
                            raise ValueError("two columns of one name")
                    else:
                        see({heading: cells.get(column) for heading, column in columns.items()})

                with self.open(Book.PAGE % n) as file:
                    Sheet(row).read(file)
            elif n == 1 or sheet["name"].startswith("Change Log"):
                raise ValueError("sheets in another order")


class Draw:
    """Draws the samples again: those with the smallest SHA-256 over seed and name."""

    def __init__(self, drawn, n, root):
        self.seed, self.stratum, self.asked_for = None, None, None
        self.n, self.first, self.rest, self.n_all = n, [], [], 0
        if drawn is not None:
            self.seed, self.stratum = drawn["seed"], drawn["stratum"]
            self.asked_for = drawn["asked_for"]
            by_root = str(int.from_bytes(root[:8], "big"))
            is_seed = self.seed == by_root if drawn["seed_is"] != "named" else True
            is_seed = is_seed and re.fullmatch("0|[1-9][0-9]{0,19}", self.seed)
            if not is_seed or int(self.seed) >= 1 << 64:
                raise ValueError("no seed")

    def offer(self, name, is_emergency, is_exception):
        is_first = {
            None: False,
            "all": True,
            "emergency": is_emergency,
            "normal": not is_emergency,
            "exceptions": is_exception,
            "exceptions-first": is_exception,
        }[self.stratum]
        if not is_first and self.stratum != "exceptions-first":
            return
        drawn = self.first if is_first else self.rest
        drawn.append((sha(("%s:%s" % (self.seed, name)).encode("utf-8")), name))
        self.n_all += 1
        if len(drawn) > 2 * self.n + 1000:
            drawn.sort()
            del drawn[self.n :]

    def drawn(self):
        names = [name for _, name in sorted(self.first) + sorted(self.rest)]
        return names[: self.n]

    def due(self):
        """How many were to be drawn; by the usual table, if nobody said."""
        usual = 5 if self.n_all <= 50 else min(25, (self.n_all + 9) // 10)
        return min(usual if self.asked_for is None else number(self.asked_for), self.n_all)


# Excel counts days since then.
EPOCH = 25569 * 86400


class Log:
    """Holds the change log against the log, row by row."""

    def __init__(self, about, changes, tellings, wanted, root):
        self.about, self.tellings = about, tellings
        self.draw = Draw(about.samples["drawn"], about.n_samples, root)
        self.n = {"Emergency": 0, "Normal": 0, "Standard": 0}
        # The rows of changes that aren't of the register, and are samples.
        self.changes = changes
        self.of_samples = {r["name"]: None for r, _ in wanted.samples.values() if "name" in r}
        self.due = {}
        for change in sorted(changes):
            if about.start <= changes[change].at() < about.end:
                self.due["CHG-%d" % change] = changes[change]

    def row(self, row):
        name, kind, digest = row["Change"], row["Kind"], row["SHA-256"]
        day, exceptions = row["Date (UTC)"], row["Exceptions"]
        if type(day) is not float or type(exceptions) is float:
            raise ValueError("no date")
        at = round((day * 86400 - EPOCH) * 10**6)
        if number_of(name) is not None:
            change = self.due.pop(name, None)
            if change is None:
                raise Wrong("inserted: the change log has %s, which isn't due there" % name)
            # Days as decimal fractions are good for thousandths of seconds.
            if kind != change.kind() or abs(at - change.at()) > 10**4:
                raise Wrong("altered: the change log tells %s otherwise than its records" % name)
        else:
            if kind not in self.n or not self.about.start - 10**4 <= at <= self.about.end + 10**4:
                raise Wrong("altered: the change log has %s, which isn't of the period" % name)
            is_hash = re.fullmatch("[0-9a-f]{64}", digest)
            if not is_hash or not self.tellings.take(bytes.fromhex(digest)):
                raise Wrong("inserted: the change log has %s, and no source told it so" % name)
            if name in self.of_samples:
                self.of_samples[name] = at, digest, kind
        if kind in self.n:
            self.n[kind] += 1
            self.draw.offer(name, kind == "Emergency", bool(exceptions))

    def check(self, wanted):
        for name in self.due:
            raise Wrong("missing: %s isn't in the change log" % name)
        counts = [number(self.about.population[one]) for one in ("changes", "emergencies", "normal", "standard")]
        n = [self.n["Emergency"], self.n["Normal"], self.n["Standard"]]
        if counts != [sum(n)] + n:
            raise Wrong("altered: %s counts other changes than the change log has" % ABOUT)
        if self.draw.stratum is None:
            return
        due, n = self.draw.due(), self.about.n_samples
        if due != n:
            raise Wrong("missing: %s states %d samples, and %d were to be drawn" % (ABOUT, n, due))
        for drawn, found, name in zip(self.draw.drawn(), wanted.names(), wanted.samples):
            if drawn != found:
                raise Wrong("altered: %s isn't of %s, which the seed draws" % (name, drawn))

    def check_names(self, wanted):
        names = wanted.names()
        if self.about.samples.get("names", names) != names:
            raise Wrong("altered: %s names other samples than there are" % ABOUT)


def check_book(pack, log, wanted):
    """The change log lists what the log knows of."""
    with form_of(BOOK):
        with pack.open(BOOK) as file:
            try:
                book = Book(file)
            except BROKEN + (Wrong,):
                raise ValueError("no workbook")
            book.rows(log.row)
    with form_of(ABOUT):
        log.check(wanted)


def texts_in(value):
    if isinstance(value, dict):
        # Words without a commitment are none that anybody recorded.
        is_text = "salt" in value or isinstance(value.get("text"), str)
        if is_text or ("commitment" in value and "text" in value):
            yield value
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def check_texts(name, record, is_recorded):
    """Each text is one to which the log holds the commitment."""
    for text in texts_in(record):
        is_salt = text["salt"] is None or isinstance(text["salt"], str)
        if not is_salt or not re.fullmatch("[0-9a-f]{64}", text["commitment"]):
            raise ValueError("no text")
        if not is_recorded(text["commitment"]):
            raise Wrong("inserted: %s holds a text of which no record speaks" % name)
        if text["text"] is None:
            continue
        salted = bytes.fromhex(text["salt"]) + text["text"].encode("utf-8")
        if hashlib.sha256(salted).hexdigest() != text["commitment"]:
            raise Wrong("altered: a text in %s isn't the one that was recorded" % name)


def instant(text):
    """An instant, in microseconds since 1970."""
    whole, _, part = text[:-1].partition(".")
    at = datetime.datetime.strptime(whole + text[-1:], "%Y-%m-%dT%H:%M:%SZ")
    since = at - datetime.datetime(1970, 1, 1)
    return (since.days * 86400 + since.seconds) * 10**6 + int(part[:6].ljust(6, "0"))


def check_emergency(name, record, leaves):
    """The record tells what the log's records of the change do."""
    lines = b"\n".join(line for line, _ in leaves).decode("utf-8")
    gone, n_later = {leaf["data"]["text"] for _, leaf in leaves if leaf["type"] == "redacted"}, set()
    check_texts(name, record, lambda commitment: commitment in lines)
    for text in texts_in(record):
        if text["text"] is None:
            removed = text["redacted"]
            if removed is None:
                raise Wrong("missing: a text in %s, and nobody says that it was taken out" % name)
            is_before = instant(removed["at"]) <= instant(record["as_of"])
            if is_before and text["commitment"] not in gone:
                raise Wrong("missing: a text in %s, and no record says that it was taken out" % name)
            if text["commitment"] not in gone:
                n_later.add(text["commitment"])
    if len(record["timeline"]) != len(leaves):
        raise Wrong("missing: %s leaves out records of %s" % (name, record["number"]))
    for told, (_, leaf) in zip(record["timeline"], leaves):
        actor = told["actor"]
        who = "user:" + actor["id"] if actor["kind"] == "person" else actor["kind"]
        said = told["leaf"], told["event"]["name"], instant(told["at"]), who
        if said != (leaf["seq"], leaf["type"], instant(leaf["at"]), leaf["actor"]):
            raise Wrong("altered: %s tells %s otherwise" % (name, record_of(leaf)))
    return len(n_later)


# What a normal change's record says, and under which name a telling is hashed with it.
FACTS = {
    "system": "system",
    "change_type": "type",
    "author": "author",
    "author_email": "author_email",
    "url": "url",
    "commit": "commit",
    "approved_by": "approved_by",
    "approval_url": "approval_url",
    "testing_url": "testing_url",
    "deploy_log_url": "deploy_log_url",
    "outcome": "outcome",
}


def telling_hash(fields):
    """SHA-256 over (name, value) pairs, each with its length before it."""
    hashed = hashlib.sha256()
    for name, value in fields:
        for part in (name.encode("utf-8"), bytes.fromhex(value)):
            hashed.update(struct.pack(">Q", len(part)) + part)
    return hashed.digest()


def is_another(author, approved_by):
    """Whether somebody among those who approved isn't who made it; nothing: it can't be told."""
    if author is None or approved_by is None:
        return None
    names = [name.strip() for name in re.split("[,;]", approved_by.lower())]
    return any(name and name != author.strip().lower() for name in names)


def check_normal(name, record, tellings, row):
    """The record tells what its sources did, in the last word that any of them had."""
    told, kinds, marks, names, ats, commitments = {}, ["normal"], set(), set(), [], set()
    for telling in record["tellings"]:
        digest, rows = telling_hash(telling["hashed"]), tellings.of_leaf.get(telling["leaf"], b"")
        if tellings.place(rows, digest) < 0:
            raise Wrong("altered: %s tells what no source told" % name)
        hashed = [(field, bytes.fromhex(value)) for field, value in telling["hashed"]]
        facts, source = dict(hashed), telling["source"]
        said = {"source": source, "external_id": telling["external_id"]}
        said.update(outcome=telling["outcome"], url=telling["url"], happening=telling["happening"]["name"])
        is_so = all(facts.get(field) == (v if v is None else v.encode("utf-8")) for field, v in said.items())
        ats.append(instant(telling["at"]))
        is_so = is_so and int.from_bytes(facts["at"], "big", signed=True) == ats[-1]
        if telling["hash"] != digest.hex() or not is_so:
            raise Wrong("altered: %s tells otherwise what %s told" % (name, source))
        names.add("%s %s" % (source, telling["external_id"]))
        marks |= {value.decode("utf-8") for field, value in hashed if field == "mark"}
        kinds += [facts["kind"].decode("utf-8")] if "kind" in facts else []
        commitments |= {facts[field].hex() for field in ("title", "testing_result") if field in facts}
        told.update(facts)
    for field, hashed in FACTS.items():
        if record[field] != (told[hashed].decode("utf-8") if hashed in told else None):
            raise Wrong("altered: %s has another %s than was told" % (name, field.replace("_", " ")))
    for field in ("title", "testing_result"):
        said = record[field]["commitment"] if record[field] is not None else None
        if said != (told[field].hex() if field in told else None):
            raise Wrong("altered: %s has another %s than was told" % (name, field.replace("_", " ")))
    is_merged = any(one["happening"]["name"] == "merge" for one in record["tellings"])
    marks -= ({"direct_push"} if is_merged else set()) | ({"unreviewed"} if "approved_by" in told else set())
    kind = max(kinds, key=("normal", "standard", "emergency").index)
    is_so = marks <= {mark["name"] for mark in record["marks"]} and kind == record["kind"]["name"]
    is_so = is_so and record["name"] in names and ats == sorted(ats) and instant(record["at"]) in ats
    is_so = is_so and record["approver_is_another"] == is_another(record["author"], record["approved_by"])
    if not is_so:
        raise Wrong("altered: %s says otherwise what follows from what was told" % name)
    listed = record["tellings"][0]["hash"], kind.capitalize()
    if row is None or abs(row[0] - instant(record["at"])) > 10**4 or row[1:] != listed:
        raise Wrong("altered: %s isn't as the change log has it" % name)
    check_texts(name, record, lambda commitment: commitment in commitments)
    # Of these the log knows nothing but that they were told.
    return len({text["commitment"] for text in texts_in(record) if text["text"] is None})


def check_folder(name, record, at, called):
    """A folder is called by its sample; days begin at most half a day and some from UTC's."""
    folder = name.split("/")[-2]
    day, _, rest = folder.partition(" - ")[2].partition(" ")
    off = abs(instant(day + "T12:00:00Z") - at)
    if (called is not None and rest != called) or off > 27 * 3600 * 10**6:
        raise Wrong("altered: %s is of another change than its folder" % name)


def check_sample(name, record, proofs, wanted, tellings, log, size, root):
    """A sample's records are in the log, and it tells what they do."""
    if (proofs["size"], proofs["root"]) != (size, base64.b64encode(root).decode()):
        raise Wrong("altered: the proofs beside %s are of another checkpoint" % name)
    if (record["workspace"], record["as_of"]) != (log.about.workspace, log.about.made_at):
        raise Wrong("altered: %s is of another checkpoint" % name)
    seqs = []
    for proof in proofs["records"]:
        line, leaf = wanted.seqs[proof["seq"]] or (None, proof)
        if line is None or proof["leaf"].encode("utf-8") != line:
            raise Wrong("altered: %s beside %s" % (record_of(leaf), name))
        path = [bytes.fromhex(step) for step in proof["path"]]
        if root_by_path(sha(b"\x00", line), proof["seq"], size, path) != root:
            raise Wrong("altered: the proof of %s beside %s" % (record_of(leaf), name))
        seqs.append(proof["seq"])
    if record["form"] == "breakglass-record":
        change = number_of(record["number"])
        check_folder(name, record, log.changes[change].at(), record["number"])
        leaves = wanted.changes[change]
        if seqs != [leaf["seq"] for _, leaf in leaves]:
            raise Wrong("missing: a record of %s beside %s" % (record["number"], name))
        return check_emergency(name, record, leaves)
    if not record["tellings"] or seqs != sorted({telling["leaf"] for telling in record["tellings"]}):
        raise Wrong("missing: a record of %s beside %s" % (record["name"], name))
    check_folder(name, record, instant(record["at"]), None)
    return check_normal(name, record, tellings, log.of_samples[record["name"]])


def check_samples(pack, wanted, tellings, log, size, root):
    for paper in wanted.papers:
        if paper not in pack.names:
            raise Wrong("missing: %s" % paper)
    n_gone = 0
    for name, (record, proofs) in wanted.samples.items():
        with form_of(name):
            n_gone += check_sample(name, record, proofs, wanted, tellings, log, size, root)
    with form_of(ABOUT):
        log.check_names(wanted)
    return n_gone


def check_witness(witness, keys, size, hashes):
    """The log goes on from what somebody else kept."""
    old_size, old_root = witnessed(witness, keys)
    if old_size > size:
        raise Wrong("the log lost records: the witness saw %d, and here are %d" % (old_size, size))
    if old_size == 0:
        raise Wrong("the witness is of a log without records, and says nothing")
    if root_of(hashes, old_size) != old_root:
        raise Wrong("the first %d records aren't those that the witness saw" % old_size)
    return old_size


def check(arguments):
    pack = Pack(arguments.pack)
    key = Key(pack.read(ROOM + "key.txt").decode("utf-8", "replace"))
    expected = expected_key(arguments.key) if arguments.key else None
    size, root, hashes = check_log(pack, key)
    check_parts(pack, key)
    about = About(pack, key, size, root)
    wanted = Wanted(pack, about)
    with form_of(ROOM + "leaves.jsonl"):
        n_leaves, named, intakes, changes = check_leaves(pack, hashes, about, wanted)
    keys = check_keys(named, key, expected)
    reached = [check_witness(witness, keys, size, hashes) for witness in arguments.witness]
    tellings = Tellings(pack, intakes)
    with form_of(ABOUT):
        log = Log(about, changes, tellings, wanted, root)
    n_files = check_files(pack, key)
    pack.place.check_layout()
    check_book(pack, log, wanted)
    n_gone = check_samples(pack, wanted, tellings, log, size, root)
    print(
        "Everything holds: %d files, %d samples, %d records in full, %d in the log; root %s."
        % (n_files, len(wanted.samples), n_leaves, size, base64.b64encode(root).decode())
    )
    if not arguments.key:
        print("You took the key from the pack itself; give --key to compare it with yours.")
    if reached:
        print("Witnessed up to %d of %d records." % (max(reached), size))
    else:
        print("You gave no witness: whoever holds the key could have made all of it anew.")
    for leaf in named:
        if leaf["type"] == "key_rotated" and leaf["data"]["note"] is None:
            print("The key was replaced without the word of the one before: %s." % record_of(leaf))
    if n_gone:
        print("Said to be taken out, and the log can't confirm it: %d texts of samples." % n_gone)
    print(BOUND)


def main():
    parser = argparse.ArgumentParser(description="Checks a pack of evidence from Breakglass.")
    inside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("pack", nargs="?", default=inside)
    parser.add_argument("--key", help="the key that must have signed it, or a file with it")
    parser.add_argument(
        "--witness", action="append", default=[], help="a checkpoint that somebody else kept"
    )
    try:
        check(parser.parse_args())
    except Wrong as wrong:
        print(wrong)
        return 1
    except ODD + (RecursionError,) as odd:
        print("altered: something isn't of the form that packs have (%r)" % odd)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
