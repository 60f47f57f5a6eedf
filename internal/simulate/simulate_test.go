package simulate_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// small returns options for an archive that takes a moment.
func small(t *testing.T) simulate.Options {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Out = filepath.Join(t.TempDir(), "archive")
	o.Days, o.EventsPerDay, o.Regions, o.GzipLevel = 2, 1500, 2, 1
	return o
}

func mustRun(t *testing.T, o simulate.Options) *simulate.Summary {
	t.Helper()
	s, err := simulate.Run(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// side reads a side file of the archive at root.
func side(t *testing.T, root, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, simulate.SideFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readSummary(t *testing.T, root string) *simulate.Summary {
	t.Helper()
	var s simulate.Summary
	if err := json.Unmarshal(side(t, root, simulate.SummaryFile), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// logFile is a log file with its records as they are written.
type logFile struct {
	key     archive.Key
	name    string
	records []json.RawMessage
}

// eachLogFile visits the log files below root, digests left out.
func eachLogFile(t *testing.T, root string, visit func(f logFile)) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(filepath.Join(root, "AWSLogs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := logFile{name: filepath.ToSlash(rel)}
		if f.key, err = archive.ParseKey(f.name); err != nil || f.key.Name != "" {
			t.Errorf("%s: not a CloudTrail key (%v)", f.name, err)
		}
		if f.key.Kind == archive.Digest {
			return nil
		}
		body := gunzip(t, path)
		if bytes.ContainsRune(body, '\n') {
			t.Errorf("%s: more than one line", f.name)
		}
		var content struct{ Records []json.RawMessage }
		if err := json.Unmarshal(body, &content); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		f.records = content.Records
		found++
		visit(f)
		return nil
	})
	if err != nil || found == 0 {
		t.Fatalf("read %d log files: %v", found, err)
	}
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(zip)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return body
}

// treeHash is a hash over all names and contents below root.
func treeHash(t *testing.T, root string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		fmt.Fprintf(sum, "%s %d\n%s", rel, len(b), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	o := small(t)
	o.Attacks, o.Late, o.Duplicates, o.EventsPerDay = []string{"all"}, 0.1, 0.1, 800
	hashOf := func(workers int, seed uint64, change func(*simulate.Options)) string {
		o := o
		o.Out, o.Workers, o.Seed = filepath.Join(t.TempDir(), "archive"), workers, seed
		if change != nil {
			change(&o)
		}
		mustRun(t, o)
		return treeHash(t, o.Out)
	}
	one := hashOf(1, 1, nil)
	if two := hashOf(2, 1, nil); two != one {
		t.Error("two workers write other bytes than one")
	}
	if many := hashOf(9, 1, nil); many != one {
		t.Error("nine workers write other bytes than one")
	}
	if other := hashOf(2, 2, nil); other == one {
		t.Error("another seed writes the same bytes")
	}
	if other := hashOf(2, 1, func(o *simulate.Options) { o.Late = 0 }); other == one {
		t.Error("another option writes the same bytes")
	}
}

func TestProgressCountsEveryShard(t *testing.T) {
	o := small(t)
	var mu sync.Mutex
	shards, events := 0, 0
	s, err := simulate.Run(t.Context(), o, func(total, n int) {
		mu.Lock()
		defer mu.Unlock()
		if total != o.Accounts*o.Regions*o.Days {
			t.Errorf("%d shards in all", total)
		}
		shards++
		events += n
	})
	if err != nil {
		t.Fatal(err)
	}
	if shards != o.Accounts*o.Regions*o.Days || int64(events) != s.Total.Events+s.Total.Duplicates {
		t.Errorf("told of %d shards with %d events, the summary has %+v", shards, events, s.Total)
	}
}

func TestNothingToSimulate(t *testing.T) {
	o := small(t)
	o.EventsPerDay, o.Accounts, o.Regions, o.Days = 0, 1, 1, 1
	s := mustRun(t, o)
	for _, c := range s.Chains {
		if c.Digests < 24 {
			t.Errorf("%d digests; want one an hour, busy or not", c.Digests)
		}
	}
}

func TestEventsPerFile(t *testing.T) {
	o := small(t)
	o.EventsPerFile, o.Duplicates, o.Days = 8, 0.3, 1
	mustRun(t, o)
	sizes := map[string][]int{}
	eachLogFile(t, o.Out, func(f logFile) {
		if f.key.Kind == archive.Logs {
			shard := f.key.Account + f.key.Region
			sizes[shard] = append(sizes[shard], len(f.records))
		}
		seen := map[string]bool{}
		for _, r := range f.records {
			id := eventID(t, r)
			if seen[id] {
				t.Errorf("%s: event %s is there twice", f.name, id)
			}
			seen[id] = true
		}
	})
	for shard, n := range sizes {
		odd := 0
		for _, size := range n {
			if size != 8 {
				odd++
			}
		}
		if odd > 2 { // the last file, and one for copies that had to wait
			t.Errorf("%s: %d of %d files have not 8 events", shard, odd, len(n))
		}
	}
}

func TestBadOptions(t *testing.T) {
	for option, change := range map[string]func(*simulate.Options){
		"out":             func(o *simulate.Options) { o.Out = "" },
		"accounts":        func(o *simulate.Options) { o.Accounts = 0 },
		"regions":         func(o *simulate.Options) { o.Regions = 18 },
		"days":            func(o *simulate.Options) { o.Days = -1 },
		"events-per-day":  func(o *simulate.Options) { o.EventsPerDay = -1 },
		"events-per-file": func(o *simulate.Options) { o.EventsPerFile = -8 },
		"gzip-level":      func(o *simulate.Options) { o.GzipLevel = 10 },
		"workers":         func(o *simulate.Options) { o.Workers = -1 },
		"duplicates":      func(o *simulate.Options) { o.Duplicates = 1.5 },
		"late":            func(o *simulate.Options) { o.Late = -0.1 },
		"start":           func(o *simulate.Options) { o.Start = o.Start.Add(time.Hour) },
	} {
		o := small(t)
		change(&o)
		_, err := simulate.Run(t.Context(), o, nil)
		wrong, ok := errors.AsType[*simulate.OptionError](err)
		if !ok || wrong.Option != option {
			t.Errorf("%s: error is %v", option, err)
		}
		if _, err := os.Stat(o.Out); err == nil {
			t.Errorf("%s: the folder was made", option)
		}
	}
}

func TestBadFolders(t *testing.T) {
	used := t.TempDir()
	file := filepath.Join(used, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := small(t)
	o.Out = used
	if _, err := simulate.Run(t.Context(), o, nil); !errors.Is(err, simulate.ErrNotEmpty) {
		t.Errorf("a folder in use: %v", err)
	}
	for _, out := range []string{file, filepath.Join(file, "below")} {
		o.Out = out
		if _, err := simulate.Run(t.Context(), o, nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("write to %q: ", out)) {
			t.Errorf("a file in the way: %v", err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the file that was there is now %q (%v)", b, err)
	}
	o.Out = t.TempDir() // an empty folder is as good as none
	mustRun(t, o)
}

func TestUnknownAttack(t *testing.T) {
	o := small(t)
	o.Attacks = []string{"bucket-ransom", "bucket-ransome"}
	_, err := simulate.Run(t.Context(), o, nil)
	unknown, ok := errors.AsType[*simulate.UnknownAttackError](err)
	if !ok || unknown.Name != "bucket-ransome" || len(unknown.Known) < 12 {
		t.Errorf("error is %v", err)
	}
}

// With one account there is nowhere to pivot to.
func TestOneAccount(t *testing.T) {
	o := small(t)
	o.Accounts, o.Regions, o.Days, o.Attacks = 1, 1, 1, []string{"role-chain-pivot"}
	_, err := simulate.Run(t.Context(), o, nil)
	if wrong, ok := errors.AsType[*simulate.OptionError](err); !ok || wrong.Option != "attack" {
		t.Errorf("error is %v", err)
	}
	attacks, err := simulate.Attacks()
	if err != nil {
		t.Fatal(err)
	}
	o.Attacks = []string{"all"}
	if s := mustRun(t, o); len(s.Attacks) != len(attacks)-1 || s.Total.Attack == 0 {
		t.Errorf("%d of %d attacks are possible, with %d events", len(s.Attacks), len(attacks), s.Total.Attack)
	}
	eachLogFile(t, o.Out, func(f logFile) {
		for _, raw := range f.records {
			if r := parse(t, raw); r.EventName == "AssumeRole" && r.SharedEventID != "" {
				t.Errorf("shared with whom? %s", raw)
			}
		}
	})
}

func TestInterrupted(t *testing.T) {
	o := small(t)
	o.Workers = 1
	ctx, cancel := contextWithCancel(t)
	_, err := simulate.Run(ctx, o, func(int, int) { cancel() })
	if !errors.Is(err, ctx.Err()) || err == nil {
		t.Fatalf("error is %v", err)
	}
	files := 0
	eachLogFile(t, o.Out, func(logFile) { files++ }) // whole ones, or this fails
	if _, err := os.Stat(filepath.Join(o.Out, simulate.SideFolder, simulate.SummaryFile)); err == nil {
		t.Error("there is a summary, as if the archive were complete")
	}
}
