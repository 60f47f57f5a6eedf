package simulate

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// scenarioRun is one run of a scenario, with its events.
type scenarioRun struct {
	world    *world
	scenario *scenario
	attack   string
	account  *account
	peer     *account
	region   *region
	key      uint64
	rng      stream
	vars     map[string]string
	actors   map[string]*runActor
	events   []placedEvent
}

// runActor is the caller of some steps in a run.
type runActor struct {
	who      *actor
	via      *access
	identity template // nil unless the scenario defines its own
}

// placedEvent is an event with the account and Region that record it.
type placedEvent struct {
	account *account
	region  *region
	event   occurrence
}

// runScenario generates the events of st, with times from second zero on; shift moves
// them.
func (w *world) runScenario(st *scenario, attack string, a, peer *account, key uint64) (*scenarioRun, error) {
	p := &scenarioRun{
		world: w, scenario: st, attack: attack, account: a, peer: peer, region: w.org.home,
		key: key, rng: newStream(key), actors: map[string]*runActor{},
	}
	p.drawVars()
	for _, name := range slices.Sorted(maps.Keys(st.actors)) {
		member, err := p.newActor(name, st.actors[name])
		if err != nil {
			return nil, fmt.Errorf("run %q: %w", st.name, err)
		}
		p.actors[name] = member
	}
	at := 0.0
	for i := range st.steps {
		at = p.runStep(&st.steps[i], at)
	}
	return p, nil
}

func (p *scenarioRun) scope() *scope {
	sc := &scope{org: p.world.org, account: p.account, peer: p.peer, region: p.region}
	sc.begin(p.rng.uint64(), 0)
	sc.vars = p.vars
	return sc
}

func (p *scenarioRun) drawVars() {
	p.vars = map[string]string{"peer": p.peer.id, "shared": string(p.rng.uuid(nil))}
	for _, name := range slices.Sorted(maps.Keys(p.scenario.vars)) {
		p.vars[name] = string(p.scenario.vars[name].appendTo(nil, p.scope()))
	}
}

func (p *scenarioRun) newActor(name string, pt *scenarioActor) (*runActor, error) {
	who, err := p.actorFor(pt)
	if err != nil {
		return nil, fmt.Errorf("actor %q: %w", name, err)
	}
	t, ok := p.world.org.access[pt.file.Via]
	if !ok {
		return nil, fmt.Errorf("actor %q: no access %q", name, pt.file.Via)
	}
	if pt.ip != nil {
		t.ip = pt.ip
	}
	if pt.agent != nil {
		t.agent = pt.agent
	}
	sc := p.scope()
	sc.who = who
	if who.person == nil { // templates may refer to a person's browser or address
		with := *who
		with.person = p.world.org.somePerson(&p.rng)
		sc.who = &with
	}
	via := newAccess(sc, derive(p.key, name), p.vars, t)
	return &runActor{who: who, via: via, identity: pt.identity}, nil
}

// actorFor picks the actor of a persona, or creates one with the scenario's own
// identity.
func (p *scenarioRun) actorFor(pt *scenarioActor) (*actor, error) {
	if pt.file.Is == "" {
		sc := p.scope()
		name := string(pt.name.appendTo(nil, sc))
		sc = p.scope()
		return &actor{account: p.account, name: name, arn: string(pt.arn.appendTo(nil, sc))}, nil
	}
	who := p.pickActor(pt.file.Is)
	if who == nil {
		return nil, fmt.Errorf("no persona %q", pt.file.Is)
	}
	if pt.file.Kind == "" {
		return who, nil
	}
	with := *who
	if with.kind = p.world.kinds[pt.file.Kind]; with.kind == nil {
		return nil, fmt.Errorf("no kind %q", pt.file.Kind)
	}
	return &with, nil
}

// pickActor returns an actor of the persona, in the account if it has one.
func (p *scenarioRun) pickActor(persona string) *actor {
	for _, a := range append([]*account{p.account}, p.world.org.accounts...) {
		var found []*actor
		for _, act := range a.actors {
			if act.persona.name == persona && (act.region == nil || act.region == p.region) {
				found = append(found, act)
			}
		}
		if len(found) > 0 {
			return found[p.rng.intn(len(found))]
		}
	}
	return nil
}

// runStep adds the events of one step and returns the time of the last.
func (p *scenarioRun) runStep(s *step, at float64) float64 {
	at += p.within(s.file.After)
	regions := []*region{p.region}
	if s.file.Region == "every" {
		regions = p.world.org.regions
	}
	if s.call.global {
		regions = p.world.org.regions[:1]
	}
	for _, r := range regions {
		for n := range max(1, p.rng.between(s.file.Repeat[0], s.file.Repeat[1])) {
			if n > 0 {
				at += p.within(s.file.Gap)
			}
			p.addEvent(s, r, int64(at))
		}
	}
	return at
}

func (p *scenarioRun) within(seconds [2]float64) float64 {
	return seconds[0] + p.rng.float()*math.Max(0, seconds[1]-seconds[0])
}

func (p *scenarioRun) addEvent(s *step, r *region, at int64) {
	m := p.actors[s.file.Actor]
	a := p.account
	if s.file.In == "peer" {
		a = p.peer
	}
	e := &scenarioEvent{
		attack: p.attack, step: s.file.Step, who: m.who, self: m.identity, vars: p.vars,
		request: s.request, response: s.response, additional: s.additional,
		resources: s.resources, record: s.record, failure: s.failure,
	}
	if s.file.Shared {
		e.sharedEventID = p.vars["shared"]
	}
	p.events = append(p.events, placedEvent{a, r, occurrence{key: p.rng.uint64(), at: at, via: m.via, call: s.call, scenario: e}})
}

// duration is the time from the first event to the last, in seconds.
func (p *scenarioRun) duration() int64 {
	last := int64(0)
	for _, s := range p.events {
		last = max(last, s.event.at)
	}
	return last
}

// shift moves the events so that the first is at a time, and sets the identities that
// the actors have then.
func (p *scenarioRun) shift(start int64) {
	own := map[*actor][]byte{}
	for i := range p.events {
		e := &p.events[i].event
		e.at += start
		st := e.scenario
		sc := &scope{org: p.world.org, account: st.who.account, region: p.region}
		if st.self == nil {
			st.identity = st.who.identityAt(sc, e.at)
			continue
		}
		if own[st.who] == nil {
			sc.begin(derive(p.key, st.who.name), e.at)
			sc.who, sc.vars = st.who, p.vars
			own[st.who] = st.self.appendTo(nil, sc)
		}
		st.identity = own[st.who]
	}
}

// planAttacks runs every chosen attack once, spread over the accounts and the days, and
// assigns its events to shards.
func (w *world) planAttacks() error {
	w.planned = map[shardKey][]occurrence{}
	for i, st := range w.attacks {
		key := derive(w.org.seed, "attack", st.name)
		s := newStream(key)
		a := w.org.accounts[s.intn(len(w.org.accounts))]
		p, err := w.runScenario(st, st.name, a, w.org.peer(a), s.uint64())
		if err != nil {
			return err
		}
		p.shift(w.attackStart(st, i, p.duration(), &s))
		for _, e := range p.events {
			k := w.shardOf(e)
			w.planned[k] = append(w.planned[k], e.event)
		}
	}
	return nil
}

// attackStart picks a day and an hour that the scenario allows, and moves it until the
// attack fits into the simulated time.
func (w *world) attackStart(st *scenario, i int, duration int64, s *stream) int64 {
	days := w.opts.Days
	day := (i*days/len(w.attacks) + s.intn(2)) % days
	hours := st.file.Hours
	start := w.opts.midnight(day) + int64((hours[0]+s.float()*(hours[1]-hours[0]))*3600)
	latest := w.opts.midnight(days) - duration - 60
	return max(min(start, latest), w.opts.midnight(0)+60)
}

func (w *world) shardOf(e placedEvent) shardKey {
	return shardKey{e.account.index, e.region.index, int((e.event.at - w.opts.midnight(0)) / 86400)}
}

// peer returns the account whose roles a uses, always the same one.
func (org *organization) peer(a *account) *account {
	return org.accounts[(a.index+1)%len(org.accounts)]
}

// routinesIn returns the events of routines in a shard: those of its account, and those
// of the account that it is the peer of.
func (w *world) routinesIn(key shardKey) ([]occurrence, error) {
	n := len(w.org.accounts)
	owners := []int{key.account}
	if n > 1 {
		owners = append(owners, (key.account+n-1)%n)
	}
	var found []occurrence
	for _, owner := range owners {
		for _, st := range w.routines {
			events, err := w.routine(st, w.org.accounts[owner], key.day)
			if err != nil {
				return nil, err
			}
			for _, e := range events {
				if w.shardOf(e) == key {
					found = append(found, e.event)
				}
			}
		}
	}
	return found, nil
}

// routine returns the events of st in account a on a day, on which it happens any
// number of times.
func (w *world) routine(st *scenario, a *account, day int) ([]placedEvent, error) {
	key := deriveN(derive(w.org.seed, a.id, "routine", st.name), int64(day))
	phase := float64(mix(derive(w.org.seed, a.id, st.name))%1000) / 1000
	times := int(float64(day+1)*st.file.PerDay+phase) - int(float64(day)*st.file.PerDay+phase)
	var events []placedEvent
	for n := range times {
		s := newStream(deriveN(key, int64(n)))
		p, err := w.runScenario(st, "", a, w.org.peer(a), s.uint64())
		if err != nil {
			return nil, err
		}
		hours := st.file.Hours
		start := w.opts.midnight(day) + int64((hours[0]+s.float()*(hours[1]-hours[0]))*3600)
		p.shift(min(start, w.opts.midnight(day+1)-p.duration()-1))
		events = append(events, p.events...)
	}
	return events, nil
}
