package verify_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/anchor"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// What an earlier run saw cannot be removed or replaced unnoticed, even if
// everything is.
func TestAnchors(t *testing.T) {
	log, err := anchor.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	m, b := eightHours(t)
	other := newBuilder(m, "other")
	for range 8 {
		other.hour(t, 1)
	}
	verified := func(m memory, opts verify.Options) []string {
		// Each run opens the log again, as a process does.
		fresh, err := anchor.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer fresh.Close()
		if err := log.Unseen(func(h anchor.Head) error { _, err := fresh.Append([]anchor.Head{h}); return err }); err != nil {
			t.Fatal(err)
		}
		opts.Anchors = fresh
		bad, _ := run(t, m, keys(), opts)
		var got []string
		for _, r := range bad {
			if r.Object != verify.LogFile {
				got = append(got, lines([]verify.Result{r})...)
			}
		}
		slices.Sort(got)
		return got
	}
	_, sum := run(t, m, keys(), verify.Options{Anchors: log})
	if added, err := log.Append(sum.Heads); err != nil || added != 2 {
		t.Fatalf("%d heads are added (%v), want 2", added, err)
	}
	without := func(keys ...string) memory {
		less := m.clone()
		for _, key := range keys {
			delete(less, key)
		}
		return less
	}
	missing := func(keys ...string) (out []string) {
		for _, key := range keys {
			out = append(out, "missing digest anchor "+key)
		}
		return out
	}
	last, lastOther := b.digests[7], other.digests[7]
	for name, test := range map[string]struct {
		m    memory
		opts verify.Options
		want []string
	}{
		"clean":                    {m: m},
		"one tail is cut":          {m: without(last), want: append(missing(last), "pending hours tail 07:01-08:01")},
		"all tails are cut":        {m: without(last, lastOther), want: missing(last, lastOther)},
		"everything is gone":       {m: memory{}, want: missing(last, lastOther)},
		"a chain is gone":          {m: without(other.digests...), want: missing(lastOther)},
		"not asked for":            {m: without(other.digests...), opts: verify.Options{Trails: []verify.Trail{{Name: "main"}}}},
		"out of range":             {m: memory{}, opts: verify.Options{Since: b.end}},
		"of an account not wanted": {m: memory{}, opts: verify.Options{Accounts: []string{"999999999999"}}},
	} {
		if diff := cmp.Diff(test.want, verified(test.m, test.opts)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// The newest digest is replaced by another that is validly signed.
	replaced := m.clone()
	d := m.digest(t, last)
	d.LogFiles = d.LogFiles[:1]
	replaced.put(t, last, d, keyPair())
	if diff := cmp.Diff([]string{"tampered digest anchor " + last}, verified(replaced, verify.Options{})); diff != "" {
		t.Errorf("replaced: %s", diff)
	}
	// Time goes on: the chain continues, and the anchored heads expire.
	for range 3 {
		b.hour(t, 1)
		other.hour(t, 1)
	}
	if got := verified(m, verify.Options{}); got != nil {
		t.Errorf("after three more hours: %q", got)
	}
	gone := slices.Concat(b.digests[:8], other.digests[:8])
	got := verified(without(gone...), verify.Options{})
	if slices.ContainsFunc(got, func(line string) bool { return line[:7] != "expired" }) || len(got) != 4 {
		t.Errorf("after the anchored heads expired: %q", got)
	}
}

func TestCheckpoints(t *testing.T) {
	log, err := anchor.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	m, _ := eightHours(t)
	was := log.Checkpoint()
	_, sum := run(t, m, keys(), verify.Options{Anchors: log, Checkpoints: []anchor.Checkpoint{was}})
	if sum.Bad() {
		t.Error("an empty log is not continued")
	}
	if _, err := log.Append(sum.Heads); err != nil {
		t.Fatal(err)
	}
	later := log.Checkpoint()
	later.Size++
	_, sum = run(t, m, keys(), verify.Options{Anchors: log, Checkpoints: []anchor.Checkpoint{later}})
	if sum.Others[verify.Tampered] != 1 {
		t.Error("a log that was cut passes")
	}
	later.Origin = "another"
	_, sum = run(t, m, keys(), verify.Options{Anchors: log, Checkpoints: []anchor.Checkpoint{later}})
	if sum.Bad() || !sum.Unknown() {
		t.Error("a checkpoint of another log is evidence")
	}
}
