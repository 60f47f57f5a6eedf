package simulate

import (
	"fmt"
	"io/fs"
)

// actor is one caller of one account: a person in a role, the role of an instance, a
// service.
type actor struct {
	persona  *persona
	kind     *kind
	account  *account
	region   *region // nil: works in every Region
	key      uint64
	name     string // user name, or session name
	arn      string
	id       string // AIDA..., AROA...
	role     string
	rolePath string
	person   *person // nil for machines
	service  string  // service principal
	access   map[string]*access
	weight   float64
}

// access is a way in which an actor calls AWS.
type access struct {
	ip       string
	fields   []byte // "sourceIPAddress":...,"userAgent":..., already formatted
	tls      []byte // start of tlsDetails, empty if AWS records none
	console  bool
	endpoint string // VPC endpoint, when the call goes through one
}

// accessTemplates is a compiled entry of world/access.json.
type accessTemplates struct {
	ip, agent, endpoint template
	file                accessFile
}

type accessFile struct {
	IP       string `json:"ip"`
	Agent    string `json:"agent"`
	TLS      string `json:"tls"`
	Console  bool   `json:"console"`
	Endpoint string `json:"endpoint"` // VPC endpoint the calls go through
}

func loadAccess(files fs.FS, words vocabulary) (map[string]accessTemplates, error) {
	b, err := fs.ReadFile(files, "world/access.json")
	if err != nil {
		return nil, fmt.Errorf("read simulation data: %w", err)
	}
	var entries map[string]accessFile
	if err := decodeStrict(b, &entries); err != nil {
		return nil, fmt.Errorf("load world/access.json: %w", err)
	}
	out := map[string]accessTemplates{}
	for name, f := range entries {
		t := accessTemplates{file: f}
		for _, text := range []struct {
			to   *template
			from string
		}{{&t.ip, f.IP}, {&t.agent, f.Agent}, {&t.endpoint, f.Endpoint}} {
			if *text.to, err = newCompiler(words).compileText(text.from); err != nil {
				return nil, fmt.Errorf("load access %q: %w", name, err)
			}
		}
		out[name] = t
	}
	return out, nil
}

// addActors creates the actors of every persona in every account.
func (org *organization) addActors(personas []*persona) error {
	for i, a := range org.accounts {
		nextPerson := 5 * i // accounts share some of their people
		for _, p := range personas {
			if !p.worksIn(i) {
				continue
			}
			regions := []*region{nil}
			if p.file.Scope == "region" {
				regions = org.regions
			}
			for _, r := range regions {
				for n := range p.file.Count {
					act, err := org.newActor(p, a, r, n, nextPerson)
					if err != nil {
						return err
					}
					if act.person != nil {
						nextPerson++
					}
					a.actors = append(a.actors, act)
				}
			}
		}
	}
	return nil
}

func (p *persona) worksIn(account int) bool {
	for _, i := range p.file.OnlyIn {
		if i == account {
			return true
		}
	}
	return len(p.file.OnlyIn) == 0
}

func (org *organization) newActor(p *persona, a *account, r *region, n, personIndex int) (*actor, error) {
	act := &actor{persona: p, kind: p.kind, account: a, region: r, weight: p.file.Share / float64(p.file.Count)}
	where := org.home
	if r != nil {
		where = r
		act.weight *= r.share
	}
	act.key = deriveN(derive(org.seed, a.id, where.name, p.name), int64(n))
	if p.kind.file.People && p.file.Name == "" {
		act.person = org.people[personIndex%len(org.people)]
	}
	sc := &scope{org: org, account: a, region: where, who: act}
	roles := max(p.file.Roles, 1)
	group := deriveN(derive(org.seed, a.id, p.name, "role"), int64(n%roles))
	fill := func(key uint64, t template) string {
		sc.begin(key, 0)
		return string(t.appendTo(nil, sc))
	}
	act.service = fill(act.key, p.fields["service"])
	act.role = fill(group, p.fields["role"])
	act.rolePath = fill(group, p.kind.path)
	act.name = act.nameOf(org, fill(act.key, p.fields["name"]))
	act.id = act.uniqueID(group)
	act.arn = fill(act.key, p.kind.arn)
	return act, act.addAccess(org, sc)
}

// nameOf gives people their own name, with the domain if IAM shows one.
func (act *actor) nameOf(org *organization, given string) string {
	if act.person == nil {
		return given
	}
	switch act.kind.name {
	case "sso", "saml", "saml-session":
		return act.person.name + "@" + org.domain
	case "root":
		return ""
	}
	return act.person.name
}

// uniqueID is the id of the role for roles, so all its sessions share it.
func (act *actor) uniqueID(group uint64) string {
	if act.kind.file.ID == "" {
		return ""
	}
	if act.role == "" {
		group = act.key
	}
	s := newStream(derive(group, "id"))
	return string(act.account.uniqueID(nil, act.kind.file.ID, &s, 21))
}

func (act *actor) addAccess(org *organization, sc *scope) error {
	act.access = map[string]*access{}
	for i := range act.persona.activity {
		via := act.persona.activity[i].via
		t, ok := org.access[via]
		if !ok {
			return fmt.Errorf("load persona %q: no access %q", act.persona.name, via)
		}
		if act.access[via] == nil {
			act.access[via] = newAccess(sc, derive(act.key, via), nil, t)
		}
	}
	return nil
}

func newAccess(sc *scope, key uint64, vars map[string]string, t accessTemplates) *access {
	fill := func(t template) string {
		sc.begin(key, 0)
		sc.vars = vars
		return string(t.appendTo(nil, sc))
	}
	acc := &access{ip: fill(t.ip), endpoint: fill(t.endpoint), console: t.file.Console}
	acc.fields = []byte(`"sourceIPAddress":"` + acc.ip + `","userAgent":"` + escape(fill(t.agent)) + `"`)
	switch t.file.TLS {
	case "TLSv1.3":
		acc.tls = []byte(`,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"`)
	case "TLSv1.2":
		acc.tls = []byte(`,"tlsDetails":{"tlsVersion":"TLSv1.2","cipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"`)
	}
	return acc
}

// block numbers the actor's sessions over time; the first session of people
// begins with their working day.
func (act *actor) block(at int64) (index, start int64) {
	hours := act.kind.file.Hours
	if hours == 0 {
		return 0, 0
	}
	length := hours * 3600
	phase := int64(mix(act.key) % uint64(length))
	if act.person != nil {
		phase = (8*3600 - act.person.utcOffset - int64(mix(act.key)%2400) + 86400) % length
	}
	index = (at - phase) / length
	return index, index*length + phase
}

// identityAt returns the userIdentity, as JSON, of the session that act has at
// a time. It depends only on the actor and the time.
func (act *actor) identityAt(sc *scope, at int64) []byte {
	index, start := act.block(at)
	sc.begin(deriveN(act.key, index), start)
	if act.kind.file.Key == "permanent" {
		sc.begin(act.key, start)
	}
	sc.who = act
	return act.kind.identity.appendTo(nil, sc)
}

// identityWords are the words for world/kinds.json and world/access.json only. They
// describe the actor of the scope.
func identityWords() map[string]filler {
	own := func(get func(*actor) string) filler {
		return func(s *scope, dst []byte) []byte { return append(dst, get(s.who)...) }
	}
	some := func(get func(*places) []string) filler {
		return func(s *scope, dst []byte) []byte {
			return append(dst, address(get(&s.org.places), &s.rng)...)
		}
	}
	return map[string]filler{
		"id":               own(func(a *actor) string { return a.id }),
		"role":             own(func(a *actor) string { return a.role }),
		"rolePath":         own(func(a *actor) string { return a.rolePath }),
		"servicePrincipal": own(func(a *actor) string { return a.service }),
		"homeIP":           own(func(a *actor) string { return a.person.homeIP }),
		"browser":          own(func(a *actor) string { return a.person.browser }),
		"personID":         own(func(a *actor) string { return a.person.userID }),
		"created":          func(s *scope, dst []byte) []byte { return appendTime(dst, s.at) },
		"key":              func(s *scope, dst []byte) []byte { return s.appendKey(dst) },
		"issuerID":         func(s *scope, dst []byte) []byte { return s.constantID(dst, "AIDA", "federation-broker") },
		"credentialID":     func(s *scope, dst []byte) []byte { return s.rng.letters(append(dst, "ACCA"...), 16, base32Set) },
		"identityStore":    func(s *scope, dst []byte) []byte { return append(dst, s.org.identityStore...) },
		"vendorAccount":    func(s *scope, dst []byte) []byte { return append(dst, vendorAccount...) },
		"officeIP":         func(s *scope, dst []byte) []byte { return append(dst, s.org.places.Office...) },
		"runnerIP":         some(func(p *places) []string { return p.Runners }),
		"awsIP":            some(func(p *places) []string { return p.AWS }),
		"instanceIP":       some(func(p *places) []string { return p.AWS }),
		"vendorIP":         some(func(p *places) []string { return p.Vendors }),
	}
}

// vendorAccount is an external account that monitors the organization.
const vendorAccount = "714283906155"

func (s *scope) appendKey(dst []byte) []byte {
	prefix := "ASIA"
	if s.who.kind.file.Key == "permanent" {
		prefix = "AKIA"
	}
	return s.account.uniqueID(dst, prefix, &s.rng, 20)
}

// constantID appends the unique id of something that exists once in the account.
func (s *scope) constantID(dst []byte, prefix, name string) []byte {
	rng := newStream(derive(s.org.seed, s.account.id, name))
	return s.account.uniqueID(dst, prefix, &rng, 21)
}
