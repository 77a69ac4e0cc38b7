#!/usr/bin/env python3
"""Checks a pack of evidence from Breakglass, with nothing but Python 3.8 or newer.

    python3 verify.py                          in the folder `verify` of an unpacked pack
    python3 verify.py PACK.zip                 a pack as it came
    python3 verify.py PACK.zip --key VKEY      only if this key signed it
    python3 verify.py PACK.zip --witness FILE  and only if it goes on from a checkpoint
                                               that somebody else kept (one of those
                                               that the weekly report carried)

It says first what is wrong, and ends with 1; or it ends with 0. It was written to be
read: about seven hundred lines, no network, nothing is executed or written.

What it can't know: what was never recorded, and what whoever holds the key could have
rewritten after the newest checkpoint that you have from somebody else.
"""

import argparse
import base64
import contextlib
import hashlib
import json
import os
import struct
import sys
import zipfile
import zlib

ROOM = "verify/"
# Files that can't stand in the list of files, because they are made of it.
LIST, SEAL = ROOM + "MANIFEST", ROOM + "MANIFEST.note"
# What is longer than this, and isn't hashes, was made to take our memory.
LONGEST = 64 << 20


class Wrong(Exception):
    """The first thing that doesn't hold, as a sentence."""


# What comes of reading something that isn't there, or is something else.
ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError)


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


def witnessed(path, keys):
    """Size and root that somebody else kept: a whole checkpoint, or the line of a message."""
    with open(path, "rb") as file:
        kept = file.read().replace(b"\r\n", b"\n")
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
    def __init__(self, path):
        self.file = open(path, "rb")
        self.zip = zipfile.ZipFile(self.file)

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
            self.place = Folder(path) if os.path.isdir(path) else Zip(path)
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
            return json.loads(self.read(name).decode("utf-8"))
        except (ValueError, RecursionError):
            raise Wrong("altered: %s isn't JSON" % name)

    def digest(self, name):
        hashed = hashlib.sha256()
        for part in self.parts(name):
            hashed.update(part)
        return hashed.hexdigest()


def check_files(pack, key):
    """Every file is as it was listed, none is missing, none came since."""
    sealed = opened(SEAL, pack.read(SEAL), [key]).split("\n")
    manifest = pack.read(LIST)
    if sealed[0] != key.name + "/pack" or sealed[1:2] != [hashlib.sha256(manifest).hexdigest()]:
        raise Wrong("altered: %s isn't the list that was signed" % LIST)
    listed = {}
    for line in manifest.decode("utf-8").split("\n")[:-1]:
        digest, _, name = line.partition("  ")
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

    def __init__(self, pack):
        self.samples, self.changes, self.seqs = {}, {}, {}
        for name in sorted(pack.names):
            if not name.endswith("/record.json"):
                continue
            record = pack.json(name)
            beside = name.replace("record.json", "inclusion_proof.json")
            proofs = pack.json(beside)
            self.samples[name] = record, proofs
            with form_of(name):
                if "number" in record:
                    self.changes[int(record["number"].partition("-")[2])] = []
            with form_of(beside):
                for proof in proofs["records"]:
                    self.seqs[proof["seq"]] = None


def check_leaves(pack, hashes, wanted):
    """The full records fit their hashes, and none of the period is left out."""
    about = pack.json(ROOM + "pack.json")
    first, end = about["leaves"]["first"], about["leaves"]["end"]
    due, last, n_leaves, named, intakes = first, -1, 0, [], []
    for line in pack.lines(ROOM + "leaves.jsonl"):
        try:
            leaf = json.loads(line.decode("utf-8"))
            seq, change, kind = leaf["seq"], leaf["change"], leaf["type"]
        except (ValueError, KeyError, TypeError):
            raise Wrong("altered: a line of leaves.jsonl after record %d" % last)
        if seq <= last:
            raise Wrong("out of order: %s comes after record %d" % (record_of(leaf), last))
        if sha(b"\x00", line) != hashes[32 * seq : 32 * seq + 32]:
            raise Wrong("altered: %s isn't the one that was signed" % record_of(leaf))
        if first <= seq < end:
            if seq != due:
                raise Wrong("missing: record %d isn't in leaves.jsonl" % due)
            due += 1
            if kind == "deployments_taken_in":
                intakes.append(leaf)
        if change in wanted.changes:
            wanted.changes[change].append((line, leaf))
        if seq in wanted.seqs:
            wanted.seqs[seq] = line, leaf
        if kind in ("key_adopted", "key_rotated"):
            named.append(leaf)
        last, n_leaves = seq, n_leaves + 1
    if due < end:
        raise Wrong("missing: record %d isn't in leaves.jsonl" % due)
    return n_leaves, named, intakes


def check_tellings(pack, intakes):
    """What sources told of normal changes is what the log has the hash of."""
    most = 32 * sum(leaf["data"]["n"] for leaf in intakes)
    too_long = "inserted: tellings.bin holds more than the log took in"
    hashes, at, places = pack.read(ROOM + "tellings.bin", most, too_long), 0, {}
    for leaf in intakes:
        rows = hashes[at : at + 32 * leaf["data"]["n"]]
        if hashlib.sha256(rows).hexdigest() != leaf["data"]["rows"]:
            raise Wrong("altered: what %s took in isn't what was told" % record_of(leaf))
        places[leaf["seq"]] = rows
        at += len(rows)
    return places


def texts_in(value):
    if isinstance(value, dict):
        if "commitment" in value and "text" in value:
            yield value
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def check_texts(name, record, is_recorded):
    """Each text is one to which the log holds the commitment."""
    for text in texts_in(record):
        if not is_recorded(text["commitment"]):
            raise Wrong("inserted: %s holds a text of which no record speaks" % name)
        if text["text"] is None:
            continue
        salted = bytes.fromhex(text["salt"]) + text["text"].encode("utf-8")
        if hashlib.sha256(salted).hexdigest() != text["commitment"]:
            raise Wrong("altered: a text in %s isn't the one that was recorded" % name)


def instant(text):
    """An instant, to the microsecond."""
    whole, _, part = text.rstrip("Z").partition(".")
    return whole, part.ljust(6, "0")[:6]


def check_emergency(name, record, leaves):
    """The record tells what the log's records of the change do."""
    lines = b"\n".join(line for line, _ in leaves).decode("utf-8")
    gone = {leaf["data"]["text"] for _, leaf in leaves if leaf["type"] == "redacted"}
    check_texts(name, record, lambda commitment: commitment in lines)
    for text in texts_in(record):
        if text["text"] is None:
            removed = text["redacted"]
            if removed is None:
                raise Wrong("missing: a text in %s, and nobody says that it was taken out" % name)
            is_before = instant(removed["at"]) <= instant(record["as_of"])
            if is_before and text["commitment"] not in gone:
                raise Wrong("missing: a text in %s, and no record says that it was taken out" % name)
    if len(record["timeline"]) != len(leaves):
        raise Wrong("missing: %s leaves out records of %s" % (name, record["number"]))
    for told, (_, leaf) in zip(record["timeline"], leaves):
        actor = told["actor"]
        who = "user:" + actor["id"] if actor["kind"] == "person" else actor["kind"]
        said = told["leaf"], told["event"]["name"], instant(told["at"]), who
        if said != (leaf["seq"], leaf["type"], instant(leaf["at"]), leaf["actor"]):
            raise Wrong("altered: %s tells %s otherwise" % (name, record_of(leaf)))


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


def check_normal(name, record, places):
    """The record tells what its sources did."""
    told = set()
    for telling in record["tellings"]:
        digest, rows = telling_hash(telling["hashed"]), places.get(telling["leaf"], b"")
        if digest not in [rows[at : at + 32] for at in range(0, len(rows), 32)]:
            raise Wrong("altered: %s tells what no source told" % name)
        facts = {(field, bytes.fromhex(value)) for field, value in telling["hashed"]}
        said = [("source", telling["source"]), ("external_id", telling["external_id"])]
        said += [("happening", telling["happening"]["name"])]
        said += [(field, telling[field]) for field in ("outcome", "url") if telling[field] is not None]
        if telling["hash"] != digest.hex() or any((f, v.encode("utf-8")) not in facts for f, v in said):
            raise Wrong("altered: %s tells otherwise what %s told" % (name, telling["source"]))
        told |= facts
    for field, hashed in FACTS.items():
        if record[field] is not None and (hashed, record[field].encode("utf-8")) not in told:
            raise Wrong("altered: %s has another %s than was told" % (name, field.replace("_", " ")))
    commitments = {value.hex() for _, value in told}
    check_texts(name, record, lambda commitment: commitment in commitments)


def check_sample(name, record, proofs, wanted, places, size, root):
    """A sample's records are in the log, and it tells what they do."""
    if proofs["size"] != size:
        raise Wrong("altered: the proofs beside %s are of another checkpoint" % name)
    seqs = []
    for proof in proofs["records"]:
        line, leaf = wanted.seqs[proof["seq"]] or (None, proof)
        if line is None or proof["leaf"].encode("utf-8") != line:
            raise Wrong("altered: %s beside %s" % (record_of(leaf), name))
        path = [bytes.fromhex(step) for step in proof["path"]]
        if root_by_path(sha(b"\x00", line), proof["seq"], size, path) != root:
            raise Wrong("altered: the proof of %s beside %s" % (record_of(leaf), name))
        seqs.append(proof["seq"])
    if "number" in record:
        if not name.split("/")[-2].endswith(" " + record["number"]):
            raise Wrong("altered: %s is of another change than its folder" % name)
        leaves = wanted.changes[int(record["number"].partition("-")[2])]
        if seqs != [leaf["seq"] for _, leaf in leaves]:
            raise Wrong("missing: a record of %s beside %s" % (record["number"], name))
        check_emergency(name, record, leaves)
    else:
        check_normal(name, record, places)


def check_samples(wanted, places, size, root):
    for name, (record, proofs) in wanted.samples.items():
        with form_of(name):
            check_sample(name, record, proofs, wanted, places, size, root)
    return len(wanted.samples)


def check_witness(witness, keys, size, hashes):
    """The log goes on from what somebody else kept."""
    old_size, old_root = witnessed(witness, keys)
    if old_size > size:
        raise Wrong("the log lost records: the witness saw %d, and here are %d" % (old_size, size))
    if root_of(hashes, old_size) != old_root:
        raise Wrong("the first %d records aren't those that the witness saw" % old_size)


def check(arguments):
    pack = Pack(arguments.pack)
    key = Key(pack.read(ROOM + "key.txt").decode("utf-8", "replace"))
    expected = None
    if arguments.key:
        text = arguments.key
        if os.path.exists(text):
            with open(text, encoding="utf-8") as file:
                text = file.read()
        expected = Key(text)
    size, root, hashes = check_log(pack, key)
    wanted = Wanted(pack)
    n_leaves, named, intakes = check_leaves(pack, hashes, wanted)
    keys = check_keys(named, key, expected)
    if arguments.witness:
        check_witness(arguments.witness, keys, size, hashes)
    places = check_tellings(pack, intakes)
    n_samples = check_samples(wanted, places, size, root)
    n_files = check_files(pack, key)
    pack.place.check_layout()
    print(
        "Everything holds: %d files, %d samples, %d records in full, %d in the log; root %s."
        % (n_files, n_samples, n_leaves, size, base64.b64encode(root).decode())
    )
    if not arguments.key:
        print("You took the key from the pack itself; give --key to compare it with yours.")
    if not arguments.witness:
        print("You gave no witness: whoever holds the key could have made all of it anew.")
    print("Nobody can prove by this what was never recorded.")


def main():
    parser = argparse.ArgumentParser(description="Checks a pack of evidence from Breakglass.")
    inside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("pack", nargs="?", default=inside)
    parser.add_argument("--key", help="the key that must have signed it, or a file with it")
    parser.add_argument("--witness", help="a checkpoint that somebody else kept")
    try:
        check(parser.parse_args())
    except Wrong as wrong:
        print(wrong)
        return 1
    except ODD as odd:
        print("altered: something isn't of the form that packs have (%r)" % odd)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
