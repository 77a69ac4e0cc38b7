// Command c2sp reads a pack of evidence with what others wrote for the same public
// formats: Go's own reader of signed notes and of RFC 6962 trees
// (golang.org/x/mod/sumdb), which Go's checksum database and Sigstore go by. It may
// take nothing from Breakglass but the pack.
//
//	c2sp PACK.zip EARLIER.zip...
//
// It opens the checkpoint by the pack's key, builds the tree from all hashes and holds
// it against the signed root, proves each record in full and each sample's record, and
// that the tree goes on from every checkpoint that the log tells of and from those of
// the earlier packs.
// Then it alters each of these, one at a time, and fails unless that is refused.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// pack is the files of a pack by name.
type pack map[string][]byte

// counts is what was looked at.
type counts struct{ leaves, proofs, samples, consistent int }

// stored is the hashes of a tree in the order in which tlog keeps them.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		if index < 0 || index >= int64(len(s)) {
			return nil, fmt.Errorf("there is no hash %d", index)
		}
		found = append(found, s[index])
	}
	return found, nil
}

type proofs struct {
	Size    int64
	Root    string
	Records []struct {
		Seq  int64
		Leaf string
		Path []string
	}
}

type leaf struct {
	Seq  int64
	Type string
	Data struct {
		Size int64
		Root string
	}
}

func read(path string) (pack, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := pack{}
	for _, file := range archive.File {
		open, err := file.Open()
		if err != nil {
			return nil, err
		}
		bytes, err := io.ReadAll(open)
		open.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
		files[file.Name] = bytes
	}
	return files, nil
}

// tree reads the tree that a signed checkpoint states.
func tree(signed []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != key.Name() {
		return tlog.Tree{}, fmt.Errorf("it is of the log %q", origin)
	}
	// Go's own log says in its first line what C2SP lets each log say for itself.
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

func check(files pack, witnesses [][]byte) (counts, error) {
	var seen counts
	key, err := note.NewVerifier(strings.TrimSpace(string(files["verify/key.txt"])))
	if err != nil {
		return seen, fmt.Errorf("the key: %w", err)
	}
	now, err := tree(files["verify/checkpoint.txt"], key)
	if err != nil {
		return seen, fmt.Errorf("the checkpoint: %w", err)
	}
	if _, err := note.Open(files["verify/MANIFEST.note"], note.VerifierList(key)); err != nil {
		return seen, fmt.Errorf("the signature under the list: %w", err)
	}

	all := files["verify/hashes.bin"]
	if int64(len(all)) != now.N*tlog.HashSize {
		return seen, fmt.Errorf("%d records, and %d bytes of hashes", now.N, len(all))
	}
	var hashes []tlog.Hash
	var grown stored
	for n := int64(0); n < now.N; n++ {
		var hash tlog.Hash
		copy(hash[:], all[n*tlog.HashSize:])
		more, err := tlog.StoredHashesForRecordHash(n, hash, grown)
		if err != nil {
			return seen, err
		}
		hashes, grown = append(hashes, hash), append(grown, more...)
	}
	root, err := tlog.TreeHash(now.N, grown)
	if err != nil {
		return seen, err
	}
	if root != now.Hash {
		return seen, errors.New("the hashes don't give the root that was signed")
	}

	// goesOn checks that the tree goes on from another.
	goesOn := func(before tlog.Tree) error {
		if before.N < 1 || before.N > now.N {
			return fmt.Errorf("of %d records, and there are %d", before.N, now.N)
		}
		proof, err := tlog.ProveTree(now.N, before.N, grown)
		if err != nil {
			return err
		}
		seen.consistent++
		return tlog.CheckTree(proof, now.N, now.Hash, before.N, before.Hash)
	}
	for _, line := range bytes.Split(bytes.TrimSuffix(files["verify/leaves.jsonl"], []byte("\n")), []byte("\n")) {
		var one leaf
		if err := json.Unmarshal(line, &one); err != nil {
			return seen, fmt.Errorf("leaves.jsonl: %w", err)
		}
		if one.Seq < 0 || one.Seq >= now.N || tlog.RecordHash(line) != hashes[one.Seq] {
			return seen, fmt.Errorf("record %d isn't the one that was hashed", one.Seq)
		}
		seen.leaves++
		if one.Type != "checkpoint_shown" {
			continue
		}
		shown := tlog.Tree{N: one.Data.Size}
		if n, err := hex.Decode(shown.Hash[:], []byte(one.Data.Root)); err != nil || n != tlog.HashSize {
			return seen, fmt.Errorf("record %d names no root", one.Seq)
		}
		if err := goesOn(shown); err != nil {
			return seen, fmt.Errorf("the checkpoint in record %d: %w", one.Seq, err)
		}
	}
	for n, witness := range witnesses {
		before, err := tree(witness, key)
		if err == nil {
			err = goesOn(before)
		}
		if err != nil {
			return seen, fmt.Errorf("the checkpoint of earlier pack %d: %w", n+1, err)
		}
	}

	for name, bytes := range files {
		if !strings.HasSuffix(name, "/inclusion_proof.json") {
			continue
		}
		var beside proofs
		if err := json.Unmarshal(bytes, &beside); err != nil {
			return seen, fmt.Errorf("%s: %w", name, err)
		}
		if beside.Size != now.N || beside.Root != now.Hash.String() {
			return seen, fmt.Errorf("%s is of another tree", name)
		}
		for _, record := range beside.Records {
			var path tlog.RecordProof
			for _, step := range record.Path {
				var hash tlog.Hash
				if n, err := hex.Decode(hash[:], []byte(step)); err != nil || n != tlog.HashSize {
					return seen, fmt.Errorf("%s: a step isn't a hash", name)
				}
				path = append(path, hash)
			}
			hash := tlog.RecordHash([]byte(record.Leaf))
			if err := tlog.CheckRecord(path, now.N, now.Hash, record.Seq, hash); err != nil {
				return seen, fmt.Errorf("%s: record %d: %w", name, record.Seq, err)
			}
			seen.proofs++
		}
		seen.samples++
	}
	return seen, nil
}

// altered is the pack with one byte of a file changed that stands behind some words.
func altered(files pack, name, behind string) (pack, error) {
	at := bytes.Index(files[name], []byte(behind))
	if at < 0 || at+len(behind) >= len(files[name]) {
		return nil, fmt.Errorf("%s holds no %q", name, behind)
	}
	copied := pack{}
	for other, bytes := range files {
		copied[other] = bytes
	}
	changed := append([]byte(nil), files[name]...)
	at += len(behind)
	// Another letter or digit, so that all stays of its form.
	switch changed[at] {
	case '1':
		changed[at] = '2'
	default:
		changed[at] = '1'
	}
	copied[name] = changed
	return copied, nil
}

func run(arguments []string) error {
	if len(arguments) < 1 {
		return errors.New("which pack?")
	}
	files, err := read(arguments[0])
	if err != nil {
		return err
	}
	var witnesses [][]byte
	for _, path := range arguments[1:] {
		earlier, err := read(path)
		if err != nil {
			return err
		}
		witnesses = append(witnesses, earlier["verify/checkpoint.txt"])
	}
	seen, err := check(files, witnesses)
	if err != nil {
		return err
	}
	if seen.leaves == 0 || seen.proofs == 0 || seen.consistent == 0 {
		return fmt.Errorf("there is too little to look at: %+v", seen)
	}
	fmt.Printf(
		"accepted: the checkpoint, %d records in full, %d proofs of %d samples, %d checkpoints before\n",
		seen.leaves, seen.proofs, seen.samples, seen.consistent,
	)

	var samples []string
	for name := range files {
		if strings.HasSuffix(name, "/inclusion_proof.json") {
			samples = append(samples, name)
		}
	}
	sort.Strings(samples)
	for _, one := range [][2]string{
		{"verify/key.txt", "+"},
		{"verify/checkpoint.txt", "\n"},
		{"verify/checkpoint.txt", "\u2014 "},
		{"verify/MANIFEST.note", "\n"},
		{"verify/hashes.bin", ""},
		{"verify/leaves.jsonl", "\"at\":\"20"},
		{samples[0], "\"path\": [\n        \""},
		{samples[len(samples)-1], "\"seq\": "},
		{samples[0], "\"leaf\": \"{\\\"v\\\":"},
	} {
		worse, err := altered(files, one[0], one[1])
		if err != nil {
			return err
		}
		_, err = check(worse, witnesses)
		if err == nil {
			return fmt.Errorf("%s was altered behind %q, and is accepted", one[0], one[1])
		}
		fmt.Printf("altered %s: refused: %v\n", one[0], strings.TrimSpace(err.Error()))
	}
	// Seen from before, what came later isn't the log that went on.
	for n, earlier := range arguments[1:] {
		before, err := read(earlier)
		if err != nil {
			return err
		}
		_, err = check(before, [][]byte{files["verify/checkpoint.txt"]})
		if err == nil {
			return fmt.Errorf("earlier pack %d goes on from the later one", n+1)
		}
		fmt.Printf("earlier pack %d after the later one: refused: %v\n", n+1, err)
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "c2sp:", err)
		os.Exit(1)
	}
}
