#!/usr/bin/env python3
"""Checks a pack of evidence from Breakglass, with nothing but Python 3.8 or newer.

    python3 verify.py                          in the folder `verify` of an unpacked pack
    python3 verify.py PACK.zip                 a pack as it came
    python3 verify.py PACK.zip --key VKEY      only if this key signed it
    python3 verify.py PACK.zip --witness FILE  and only if it goes on from a checkpoint
                                               that somebody else kept (one of those
                                               that the weekly report carried)

It says first what is wrong, and ends with 1; or it ends with 0. It was written to be
read: about three hundred lines, no network, nothing is executed or written.

What it can't know: what was never recorded, and what whoever holds the key could have
rewritten after the newest checkpoint that you have from somebody else.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import struct
import sys
import zipfile

ROOM = "verify/"
# Files that can't stand in the list of files, because they are made of it.
LIST, SEAL = ROOM + "MANIFEST", ROOM + "MANIFEST.note"


class Wrong(Exception):
    """The first thing that doesn't hold, as a sentence."""


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
            raw = base64.b64decode(rest, validate=True)
            self.id = bytes.fromhex(key_id)
        except ValueError:
            raise Wrong("the key isn't of the form name+id+key: %s" % text.strip())
        expected = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != 1 or self.id != expected:
            raise Wrong("the key is no Ed25519 key that fits its own id: %s" % text.strip())
        self.public = raw[1:]


def opened(what, note, key):
    """The text of a note that the key signed."""
    try:
        text, signatures = note.decode("utf-8").rsplit("\n\n", 1)
    except ValueError:
        raise Wrong("%s is no signed note" % what)
    text += "\n"
    for line in signatures.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or parts[1] != key.name:
            continue
        try:
            raw = base64.b64decode(parts[2], validate=True)
        except ValueError:
            continue
        if raw[:4] == key.id:
            if is_signed(key.public, text.encode("utf-8"), raw[4:]):
                return text
            raise Wrong("%s was altered: its signature doesn't fit" % what)
    raise Wrong("%s isn't signed by the key %s" % (what, key.name))


def checkpoint(what, note, key):
    """Size and root that a checkpoint states."""
    lines = opened(what, note, key).split("\n")
    try:
        if lines[0] != key.name:
            raise Wrong("%s is of another log: %s" % (what, lines[0]))
        return int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (ValueError, IndexError):
        raise Wrong("%s is no checkpoint" % what)


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
        for place, _, files in os.walk(self.path):
            for name in files:
                whole = os.path.relpath(os.path.join(place, name), self.path)
                yield whole.replace(os.sep, "/")

    def open(self, name):
        return open(os.path.join(self.path, *name.split("/")), "rb")


class Zip:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)

    def names(self):
        return [one.filename for one in self.zip.infolist() if not one.is_dir()]

    def open(self, name):
        return self.zip.open(name)


class Pack:
    def __init__(self, path):
        try:
            self.place = Folder(path) if os.path.isdir(path) else Zip(path)
            self.names = sorted(self.place.names())
        except (OSError, zipfile.BadZipFile):
            raise Wrong("%s is neither a pack nor the folder of one" % path)
        if len(set(self.names)) != len(self.names):
            raise Wrong("the pack holds two files of one name")

    def open(self, name):
        if name not in self.names:
            raise Wrong("missing: %s" % name)
        try:
            return self.place.open(name)
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise Wrong("%s can't be read: %s" % (name, error))

    def read(self, name):
        with self.open(name) as file:
            try:
                return file.read()
            except (OSError, zipfile.BadZipFile, EOFError) as error:
                raise Wrong("%s can't be read: %s" % (name, error))

    def lines(self, name):
        return io.BytesIO(self.read(name)).read().split(b"\n")[:-1]

    def json(self, name):
        try:
            return json.loads(self.read(name))
        except ValueError:
            raise Wrong("%s isn't JSON" % name)

    def digest(self, name):
        hashed = hashlib.sha256()
        with self.open(name) as file:
            try:
                for part in iter(lambda: file.read(1 << 20), b""):
                    hashed.update(part)
            except (OSError, zipfile.BadZipFile, EOFError) as error:
                raise Wrong("%s was altered: %s" % (name, error))
        return hashed.hexdigest()


def check_files(pack, key):
    """Every file is as it was listed, none is missing, none came since."""
    sealed = opened(SEAL, pack.read(SEAL), key).split("\n")
    manifest = pack.read(LIST)
    if sealed[0] != key.name + "/pack" or sealed[1:2] != [hashlib.sha256(manifest).hexdigest()]:
        raise Wrong("%s was altered: its seal is of another list" % LIST)
    listed = {}
    for line in manifest.decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for name in pack.names:
        if name not in listed and name not in (LIST, SEAL):
            raise Wrong("inserted: %s isn't in the list of files" % name)
    for name, digest in sorted(listed.items()):
        if pack.digest(name) != digest:
            raise Wrong("altered: %s" % name)
    return len(listed)


def record_of(leaf):
    """What a leaf is called in a sentence."""
    of = "of %s" % leaf["change"] if leaf.get("change") else "of no change"
    return "record %s (%s, %s, %s)" % (leaf.get("seq"), leaf.get("type"), of, leaf.get("at"))


def check_log(pack, key, witness):
    """The log is the one that was signed, and goes on from what others kept."""
    size, root = checkpoint(ROOM + "checkpoint.txt", pack.read(ROOM + "checkpoint.txt"), key)
    hashes = pack.read(ROOM + "hashes.bin")
    if len(hashes) != 32 * size:
        raise Wrong("the checkpoint is of %d records, and there are %d" % (size, len(hashes) // 32))
    if root_of(hashes, size) != root:
        raise Wrong("the records' hashes don't give the root that the checkpoint states")
    if witness:
        with open(witness, "rb") as file:
            old_size, old_root = checkpoint("the witnessed checkpoint", file.read(), key)
        if old_size > size:
            raise Wrong("the log lost records: the witness saw %d, and here are %d" % (old_size, size))
        if root_of(hashes, old_size) != old_root:
            raise Wrong("the first %d records aren't those that the witness saw" % old_size)
    return size, root, hashes


def check_leaves(pack, hashes):
    """The full records fit their hashes, and none of the period is left out."""
    about = pack.json(ROOM + "pack.json")
    first, end = about["leaves"]["first"], about["leaves"]["end"]
    leaves, wanted, last = {}, first, -1
    for line in pack.lines(ROOM + "leaves.jsonl"):
        try:
            leaf = json.loads(line)
            seq = leaf["seq"]
        except (ValueError, KeyError, TypeError):
            raise Wrong("altered: a line of leaves.jsonl after record %d" % last)
        if seq <= last:
            raise Wrong("out of order: %s comes after record %d" % (record_of(leaf), last))
        if sha(b"\x00", line) != hashes[32 * seq : 32 * seq + 32]:
            raise Wrong("altered: %s isn't the one that was signed" % record_of(leaf))
        if first <= seq < end:
            if seq != wanted:
                raise Wrong("missing: record %d isn't in leaves.jsonl" % wanted)
            wanted += 1
        leaves[seq], last = (line, leaf), seq
    if wanted != end and first < end:
        raise Wrong("missing: record %d isn't in leaves.jsonl" % wanted)
    return leaves


def check_tellings(pack, leaves):
    """What sources told of normal changes is what the log has the hash of."""
    about = pack.json(ROOM + "pack.json")
    first, end = about["leaves"]["first"], about["leaves"]["end"]
    hashes, at, n_intakes = pack.read(ROOM + "tellings.bin"), 0, 0
    places = {}
    for seq in range(first, end):
        leaf = leaves[seq][1]
        if leaf["type"] != "deployments_taken_in":
            continue
        rows = hashes[at : at + 32 * leaf["data"]["n"]]
        if hashlib.sha256(rows).hexdigest() != leaf["data"]["rows"]:
            raise Wrong("altered: what %s took in isn't what was told" % record_of(leaf))
        places[seq] = rows
        at, n_intakes = at + len(rows), n_intakes + 1
    if at != len(hashes):
        raise Wrong("inserted: tellings.bin holds more than the log took in")
    return places


def check_text(of, text):
    """A text is the one to which the log holds the commitment."""
    if "redacted" in text:
        return
    found = hashlib.sha256(bytes.fromhex(text["salt"]) + text["text"].encode("utf-8")).hexdigest()
    if found != text["commitment"]:
        raise Wrong("altered: a text in %s isn't the one that was recorded" % of)


def texts_in(value):
    if isinstance(value, dict):
        if "commitment" in value:
            yield value
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def telling_hash(fields):
    """SHA-256 over (name, value) pairs, each with its length before it."""
    hashed = hashlib.sha256()
    for name, value in fields:
        for part in (name.encode(), bytes.fromhex(value)):
            hashed.update(struct.pack(">Q", len(part)) + part)
    return hashed.digest()


def check_samples(pack, leaves, places, size, root):
    """Each sample's records are in the log, and its words are those recorded."""
    n_samples = 0
    for name in pack.names:
        if not name.endswith("/record.json"):
            continue
        n_samples += 1
        record = pack.json(name)
        for text in texts_in(record):
            check_text(name, text)
        for telling in record.get("tellings", []):
            digest = telling_hash(telling["hashed"])
            rows = places.get(telling["intake"])
            if rows is None or digest not in (rows[at : at + 32] for at in range(0, len(rows), 32)):
                raise Wrong("altered: %s tells what no source told" % name)
        proofs = pack.json(name.replace("record.json", "inclusion_proof.json"))
        if proofs["size"] != size:
            raise Wrong("the proofs beside %s are of another checkpoint" % name)
        for proof in proofs["records"]:
            line, leaf = leaves.get(proof["seq"], (None, {}))
            if line is None or proof["leaf"].encode("utf-8") != line:
                raise Wrong("altered: %s beside %s" % (record_of(leaf or proof), name))
            path = [bytes.fromhex(step) for step in proof["path"]]
            if root_by_path(sha(b"\x00", line), proof["seq"], size, path) != root:
                raise Wrong("altered: the proof of %s beside %s" % (record_of(leaf), name))
        if "change" in record:
            of = [leaf["seq"] for _, leaf in leaves.values() if leaf.get("change") == record["change"]]
            if sorted(of) != [proof["seq"] for proof in proofs["records"]]:
                raise Wrong("missing: %s leaves out records of %s" % (name, record["change"]))
    return n_samples


def check(arguments):
    pack = Pack(arguments.pack)
    key = Key(pack.read(ROOM + "key.txt").decode("utf-8", "replace"))
    if arguments.key:
        text = arguments.key
        if os.path.exists(text):
            with open(text, encoding="utf-8") as file:
                text = file.read()
        expected = Key(text)
        if (expected.name, expected.public) != (key.name, key.public):
            raise Wrong("the pack is signed with another key than the one you gave: %s" % key.name)
    size, root, hashes = check_log(pack, key, arguments.witness)
    leaves = check_leaves(pack, hashes)
    places = check_tellings(pack, leaves)
    n_samples = check_samples(pack, leaves, places, size, root)
    n_files = check_files(pack, key)
    print(
        "Everything holds: %d files, %d samples, %d records in full, %d in the log; root %s."
        % (n_files, n_samples, len(leaves), size, base64.b64encode(root).decode())
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
    except (KeyError, TypeError, ValueError, AttributeError) as odd:
        print("altered: something isn't of the form that packs have (%r)" % odd)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
