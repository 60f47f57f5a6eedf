package delivery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

var errDead = errors.New("the process is dead")

// death simulates a killed process: after the chosen operation nothing reaches the
// disk or a bucket any more.
type death struct {
	operations int // so far
	at         int // the last operation, 0 for no death
	after      bool
	dead       bool
}

// do runs one operation unless the process is dead.
func (d *death) do(operation func() error) error {
	if d.dead {
		return errDead
	}
	d.operations++
	if d.dead = d.operations == d.at; !d.dead {
		return operation()
	}
	if d.after {
		_ = operation() // the process does not live to see
	}
	return errDead
}

// revive starts a new process in the world.
func (w *world) revive() {
	w.death.dead, w.death.at = false, 0
	w.open()
}

type mortalFiles struct {
	*death
	dir spool.Dir
}

func (m mortalFiles) Write(name string, data []byte) error {
	return m.do(func() error { return m.dir.Write(name, data) })
}

func (m mortalFiles) Remove(name string) error {
	return m.do(func() error { return m.dir.Remove(name) })
}

func (m mortalFiles) Read(name string) ([]byte, error) {
	if m.dead {
		return nil, errDead
	}
	return m.dir.Read(name)
}

type mortalObjects struct {
	*death
	memory *memory
}

func (m mortalObjects) Put(ctx context.Context, o Object) error {
	return m.do(func() error { return m.memory.Put(ctx, o) })
}

// live makes a pass. If the process dies in it, a new process repeats it.
func (w *world) live() {
	w.t.Helper()
	if err := w.d.Pass(w.t.Context()); err != nil && !w.death.dead {
		w.t.Fatal(err)
	}
	if w.death.dead {
		w.revive()
		w.pass()
	}
}

// story is a short run with every kind of state change.
func (w *world) story() {
	w.trails = []trails.Trail{trail()}
	w.trails[0].TopicARN = "arn:aws:sns:eu-west-1:111122223333:files"
	w.start(0)
	w.open()
	w.happen(home)
	w.live()
	w.happen(elsehere)
	w.advance(interval)
	w.live()
	w.bucket.broken["logs"] = "AccessDenied"
	w.happen(home)
	w.live()
	w.advance(interval)
	w.live()
	w.happen(home)
	delete(w.bucket.broken, "logs")
	w.live()
	w.stop(0)
	w.advance(interval)
	w.live()
}

// TestDeathAtAnyOperation ends the process before and after each of its writes,
// removals and puts.
func TestDeathAtAnyOperation(t *testing.T) {
	w := newWorld(t)
	w.story()
	operations := w.death.operations
	if e := w.examine(); operations < 30 || len(e.chains[account+"/"+home+"true"]) == 0 {
		t.Fatalf("the story has only %d operations, or no backfill digest", operations)
	}
	for at := range operations {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d,after=%v", at+1, after), func(t *testing.T) {
				w := newWorld(t)
				w.death.at, w.death.after = at+1, after
				w.story()
				e := w.examine()
				w.wantDelivered(e)
				w.wantListed(e)
				files := map[string]bool{}
				for _, m := range w.topic.messages {
					files[m] = true
				}
				if len(files) != len(e.logs) {
					t.Errorf("notifications of %d files, %d were delivered", len(files), len(e.logs))
				}
			})
		}
	}
}

// TestAnyLife runs random sequences of changes, passes and deaths.
func TestAnyLife(t *testing.T) {
	for seed := range exhaustive.Or[uint64](12, 100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { anyLife(newWorld(t), rand.New(rand.NewPCG(seed, 1))) })
	}
}

func anyLife(w *world, random *rand.Rand) {
	type happened struct {
		id string
		at time.Time
	}
	var history []happened
	w.trails = []trails.Trail{trail()}
	w.start(0)
	w.open()
	steps := map[string]func(){
		"event": func() {
			history = append(history, happened{w.happen([]string{home, home, elsehere}[random.IntN(3)]), w.clock})
		},
		"pass":  w.live,
		"break": func() { w.bucket.broken[w.trails[0].Bucket] = []coded{"AccessDenied", "NoSuchBucket"}[random.IntN(2)] },
		"flaky": func() { w.bucket.left = 1 + random.IntN(4) },
		"mend":  func() { clear(w.bucket.broken) },
		"toggle": func() {
			w.advance(time.Millisecond)
			if logging(w.trails[0]) {
				w.stop(0)
			} else {
				w.advance(time.Millisecond)
				w.start(0)
			}
		},
		"advance": func() { w.advance(time.Duration(random.IntN(40_000)) * time.Millisecond) },
		"leap":    func() { w.advance(time.Duration(random.IntN(4)) * interval) },
		"move":    func() { w.trails[0].Bucket = []string{"logs", "other"}[random.IntN(2)] },
		"restart": w.open,
		"death":   func() { w.death.at, w.death.after = w.death.operations+1+random.IntN(20), random.IntN(2) == 0 },
	}
	often := []string{"event", "event", "event", "pass", "pass", "pass", "pass", "advance", "advance"}
	names := append(often, "break", "flaky", "mend", "mend", "toggle", "leap", "move", "restart", "death")
	for range 150 {
		steps[names[random.IntN(len(names))]]()
	}
	clear(w.bucket.broken)
	w.bucket.left = 0
	w.live()
	for range 2 {
		w.advance(2 * interval)
		w.live()
	}
	for _, h := range history {
		if delete(w.wanted, h.id); w.trails[0].LoggedAt(h.at) {
			w.wanted[h.id] = true
		}
	}
	e := w.examine()
	w.wantDelivered(e)
	w.wantListed(e)
	if left := w.d.states["t1"].Queue; len(left) > 0 {
		w.t.Errorf("%d queued files are left", len(left))
	}
	spooled, err := listSpool(w)
	if err != nil || !slices.Equal(spooled, []string{stateFile}) {
		w.t.Errorf("the spool has %q, %v", spooled, err)
	}
}
