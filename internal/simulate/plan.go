package simulate

import (
	"math"
	"slices"
)

// shard is the events of one account in one Region on one day. It is independent of
// other shards, and determines the log files of its events, which may be delivered on
// later days.
type shard struct {
	account *account
	region  *region
	day     int
	events  []occurrence
}

// world is the immutable state shared by all shards.
type world struct {
	opts     Options
	org      *organization
	kinds    map[string]*kind
	calls    catalogue
	routines []*scenario
	attacks  []*scenario
	planned  map[shardKey][]occurrence // the events of attacks
}

type shardKey struct{ account, region, day int }

// plan generates the shard's events, in order of delivery.
func (w *world) plan(key shardKey) (*shard, error) {
	sh := &shard{account: w.org.accounts[key.account], region: w.org.regions[key.region], day: key.day}
	p := planner{
		world: w, shard: sh, midnight: w.opts.midnight(key.day),
		rng: newStream(deriveN(derive(w.org.seed, "events"), int64(key.account), int64(key.region), int64(key.day))),
	}
	p.weighActors()
	for p.room() {
		p.burst()
	}
	routines, err := w.routinesIn(key)
	if err != nil {
		return nil, err
	}
	sh.events = append(sh.events, routines...)
	sh.events = append(sh.events, w.planned[key]...)
	p.deliver()
	return sh, nil
}

// planner generates one shard.
type planner struct {
	world    *world
	shard    *shard
	midnight int64
	rng      stream
	target   int
	actors   chooser
	indexes  []int32   // of the actors present in the Region
	hours    []chooser // their activity over the day
}

// weighActors determines who is at work, and their share of the events.
func (p *planner) weighActors() {
	sh := p.shard
	var weights []float64
	ordinary, today := 0.0, 0.0
	for i, act := range sh.account.actors {
		if act.region != nil && act.region != sh.region {
			continue
		}
		share := act.weight
		if act.region == nil {
			share *= sh.region.share
		}
		if !act.canWorkIn(sh.region) {
			continue
		}
		var offset int64
		if act.person != nil {
			offset = act.person.utcOffset
		}
		hours := act.persona.rhythm.onDay(p.midnight, offset)
		ordinary += share
		today += share * hours.total()
		p.indexes = append(p.indexes, int32(i))
		p.hours = append(p.hours, hours)
		weights = append(weights, share*hours.total())
	}
	p.actors = newChooser(weights)
	if ordinary > 0 {
		p.target = int(math.Round(float64(p.world.opts.EventsPerDay) * sh.region.share * today / ordinary))
	}
}

// canWorkIn returns false for actors that call only global services, in Regions where
// those are not recorded.
func (act *actor) canWorkIn(r *region) bool {
	return r.name == globalRegion || act.persona.anywhere.total() > 0
}

func (p *planner) room() bool { return len(p.shard.events) < p.target && p.actors.total() > 0 }

// burst generates the calls of one activity of one actor.
func (p *planner) burst() {
	i := p.actors.draw(&p.rng)
	act := p.shard.account.actors[p.indexes[i]]
	global := p.shard.region.name == globalRegion
	activities := act.persona.anywhere
	if global {
		activities = act.persona.chooser
	}
	doing := &act.persona.activity[activities.draw(&p.rng)]
	calls := doing.anywhere
	if global {
		calls = doing.chooser
	}
	via := act.access[doing.via]
	at := float64(act.persona.rhythm.start(&p.rng, p.midnight, p.hours[i]))
	end := float64(p.midnight + 86400)
	for n := p.rng.between(doing.burst[0], doing.burst[1]); n > 0 && at < end && p.room(); n-- {
		p.shard.events = append(p.shard.events, occurrence{
			key: p.rng.uint64(), at: int64(at), actor: p.indexes[i], via: via,
			call: doing.calls[calls.draw(&p.rng)], denied: p.rng.chance(act.persona.file.Denied),
		})
		at += p.rng.exponential(doing.gap)
	}
}

// interval is CloudTrail's delivery interval, in seconds.
const interval = 300

// deliver sets the delivery time of each event's file, adds the duplicates, and sorts.
func (p *planner) deliver() {
	sh, o := p.shard, &p.world.opts
	phase := int64(deriveN(derive(p.world.org.seed, sh.account.id, sh.region.name, "delivery"), 0) % interval)
	slot := func(at int64) int64 { return (at-phase+interval-1)/interval*interval + phase }
	originals := len(sh.events)
	for i := range originals {
		e := &sh.events[i]
		e.slot = slot(e.at + int64(p.rng.between(60, 150)))
		if e.scenario != nil { // events of scenarios are neither late nor repeated, so that they are easy to check
			continue
		}
		if p.rng.chance(o.Late) {
			p.delay(e, slot)
		}
		if p.rng.chance(o.Duplicates) {
			p.repeat(i, slot)
		}
	}
	p.sort(originals)
}

// delay delivers e an hour to three days late, but before the end of the archive.
func (p *planner) delay(e *occurrence, slot func(int64) int64) {
	longest := min(p.world.opts.closing()-2*interval-e.at, 72*3600)
	const shortest = 3600
	if longest < shortest {
		return
	}
	by := shortest * math.Pow(float64(longest)/shortest, p.rng.float())
	e.slot, e.late = slot(e.at+int64(by)), true
}

// repeat delivers event i again, in a later file; one copy in twenty has a changed
// body.
func (p *planner) repeat(i int, slot func(int64) int64) {
	twin := p.shard.events[i]
	latest := p.world.opts.closing() - interval
	twin.slot = min(slot(twin.slot+int64(p.rng.between(1, 12))*interval), slot(latest))
	twin.copyOf = int32(i) + 1
	twin.altered = p.rng.chance(0.05)
	p.shard.events = append(p.shard.events, twin)
}

// sort orders events by delivery, then roughly by time: CloudTrail does not order the
// records within a file. It updates the copies' references to their originals.
func (p *planner) sort(originals int) {
	events := p.shard.events
	order := make([]int32, len(events))
	for i := range order {
		order[i] = int32(i)
	}
	disorder := func(e *occurrence) int64 { return e.at + int64(e.key%30) }
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &events[a], &events[b]
		switch {
		case x.slot != y.slot:
			return compare(x.slot, y.slot)
		case disorder(x) != disorder(y):
			return compare(disorder(x), disorder(y))
		}
		return compare(int64(a), int64(b))
	})
	place := make([]int32, len(events))
	for to, from := range order {
		place[from] = int32(to)
	}
	sorted := make([]occurrence, len(events))
	for to, from := range order {
		sorted[to] = events[from]
		if original := sorted[to].copyOf; original > 0 {
			sorted[to].copyOf = place[original-1] + 1
		}
	}
	p.shard.events = sorted
}

func compare(a, b int64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
