package simulate

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
)

// organization is everything that exists before the first event: accounts, people,
// machines and resources, all generated from the seed.
type organization struct {
	seed          uint64
	id            string // o-...
	company       string
	domain        string
	identityStore string
	bucket        string // where the trail delivers
	trail         string
	shared        bool // one organization trail, not a trail in each account
	home          *region
	accounts      []*account
	regions       []*region
	people        []*person
	pools         []pool
	places        places
	access        map[string]accessTemplates
}

// account is one AWS account.
type account struct {
	index  int
	id     string
	number uint64
	name   string
	low    uint64 // bits that follow the account number in AWS's unique ids
	pools  []members
	actors []*actor
}

// region is one Region that the trail records.
type region struct {
	name  string
	index int
	share float64 // of an account's events that have no fixed Region
}

// globalRegion is where CloudTrail records the events of global services.
const globalRegion = "us-east-1"

// person works for the organization, in one place, from a few IP addresses.
type person struct {
	name      string // alice.moreau
	utcOffset int64  // seconds
	homeIP    string
	browser   string
	userID    string // in the identity store
}

// pool is a kind of resource, an entry of world/pools.json.
type pool struct {
	Name  string `json:"name"`
	Scope string `json:"scope"` // account or region
	Size  int    `json:"size"`
	Value string `json:"value"`
}

// members are an account's resources of one pool: one list, or one per Region.
type members [][]string

func (m members) in(r *region) []string {
	if len(m) == 1 {
		return m[0]
	}
	return m[r.index]
}

// places is the JSON of world/places.json.
type places struct {
	Offices []struct {
		City      string   `json:"city"`
		UTCOffset float64  `json:"utcOffset"` // hours
		Homes     []string `json:"homes"`     // first two parts of home addresses
		Weight    float64  `json:"weight"`
	} `json:"offices"`
	Office       string   `json:"office"` // address of the company's own servers
	Runners      []string `json:"runners"`
	AWS          []string `json:"aws"`
	Vendors      []string `json:"vendors"`
	FirstNames   []string `json:"firstNames"`
	LastNames    []string `json:"lastNames"`
	Browsers     []string `json:"browsers"`
	AccountNames []string `json:"accountNames"`
	Regions      []string `json:"regions"`
}

func loadPlaces(files fs.FS) (places, error) {
	var p places
	b, err := fs.ReadFile(files, "world/places.json")
	if err != nil {
		return p, fmt.Errorf("read simulation data: %w", err)
	}
	if err := decodeStrict(b, &p); err != nil {
		return p, fmt.Errorf("load world/places.json: %w", err)
	}
	return p, nil
}

func loadPools(files fs.FS) ([]pool, error) {
	b, err := fs.ReadFile(files, "world/pools.json")
	if err != nil {
		return nil, fmt.Errorf("read simulation data: %w", err)
	}
	var pools []pool
	if err := json.Unmarshal(b, &pools); err != nil {
		return nil, fmt.Errorf("load world/pools.json: %w", err)
	}
	return pools, nil
}

func newOrganization(o Options, p places, pools []pool) *organization {
	org := &organization{
		seed: derive(o.Seed, "organization"), company: "meridian", domain: "meridian.example",
		trail: "meridian-audit-trail", bucket: "meridian-audit-trail-logs",
		shared: o.Organization, places: p, pools: pools,
	}
	s := newStream(org.seed)
	org.id = "o-" + string(s.letters(nil, 10, "0123456789abcdefghijklmnopqrstuvwxyz"))
	org.identityStore = "d-" + string(s.letters(nil, 10, hexDigits))
	org.addRegions(o.Regions)
	org.addPeople(12 + 6*o.Accounts)
	for i := range o.Accounts {
		org.accounts = append(org.accounts, org.newAccount(i))
	}
	return org
}

// addRegions gives the home Region most of the events, us-east-1 those of global
// services too, and spreads the rest.
func (org *organization) addRegions(n int) {
	for i, name := range org.places.Regions[:n] {
		share := 1 / float64(i)
		switch i {
		case 0:
			share = 2
		case 1:
			share = 4
		}
		org.regions = append(org.regions, &region{name: name, index: i, share: share})
	}
	org.home = org.regions[min(1, n-1)]
	sum := 0.0
	for _, r := range org.regions {
		sum += r.share
	}
	for _, r := range org.regions {
		r.share /= sum
	}
}

func (org *organization) addPeople(n int) {
	weights := make([]float64, len(org.places.Offices))
	for i, o := range org.places.Offices {
		weights[i] = o.Weight
	}
	offices := newChooser(weights)
	s := newStream(derive(org.seed, "people"))
	taken := map[string]bool{}
	for len(org.people) < n {
		first := org.places.FirstNames[s.intn(len(org.places.FirstNames))]
		last := org.places.LastNames[s.intn(len(org.places.LastNames))]
		name := first + "." + last
		if taken[name] {
			name += strconv.Itoa(len(org.people))
		}
		taken[name] = true
		office := org.places.Offices[offices.draw(&s)]
		org.people = append(org.people, &person{
			name: name, utcOffset: int64(office.UTCOffset * 3600),
			homeIP:  address(office.Homes, &s),
			browser: org.places.Browsers[s.intn(len(org.places.Browsers))],
			userID:  string(s.uuid(nil)),
		})
	}
}

// address returns an IPv4 address that begins with one of prefixes.
func address(prefixes []string, s *stream) string {
	return fmt.Sprintf("%s.%d.%d", prefixes[s.intn(len(prefixes))], s.between(1, 254), s.between(2, 253))
}

func (org *organization) newAccount(i int) *account {
	s := newStream(deriveN(org.seed, 1000, int64(i)))
	a := &account{
		index:  i,
		number: 100_000_000_000 + s.uint64()%900_000_000_000,
		low:    s.uint64() & 0x7f,
		name:   org.places.AccountNames[i%len(org.places.AccountNames)],
	}
	if round := i / len(org.places.AccountNames); round > 0 {
		a.name += "-" + strconv.Itoa(round+1)
	}
	a.id = strconv.FormatUint(a.number, 10)
	return a
}

// uniqueID appends an IAM unique id or access key id of n characters. As in real ones,
// the account number can be decoded from it.
func (a *account) uniqueID(dst []byte, prefix string, s *stream, n int) []byte {
	owner := 1<<47 | a.number<<7 | a.low
	var raw [10]byte
	for i := range 6 {
		raw[i] = byte(owner >> (8 * (5 - i)))
	}
	tail := s.uint64()
	for i := range 4 {
		raw[6+i] = byte(tail >> (8 * i))
	}
	dst = append(dst, prefix...)
	dst = base32.StdEncoding.AppendEncode(dst, raw[:])
	for missing := n - len(prefix) - 16; missing > 0; missing-- {
		dst = append(dst, base32Set[s.intn(len(base32Set))])
	}
	return dst
}

func (org *organization) somePerson(s *stream) *person { return org.people[s.intn(len(org.people))] }

// neighbour returns another account of the organization, or a itself if it is the only
// one.
func (org *organization) neighbour(a *account, s *stream) *account {
	if len(org.accounts) == 1 {
		return a
	}
	for {
		if b := org.accounts[s.intn(len(org.accounts))]; b != a {
			return b
		}
	}
}

// trailARN returns the ARN of the trail that records a.
func (org *organization) trailARN(a *account) string {
	owner := a
	if org.shared {
		owner = org.accounts[0]
	}
	return arn.Build(partition.Of(org.home.name).ID, "cloudtrail", org.home.name, owner.id, "trail/"+org.trail)
}

// fillPools generates every account's resources. words are the built-in words.
func (org *organization) fillPools(words vocabulary) error {
	var sc scope
	sc.org = org
	for _, a := range org.accounts {
		a.pools = make([]members, len(org.pools))
		for i, p := range org.pools {
			t, err := newCompiler(words).compileText(p.Value)
			if err != nil {
				return fmt.Errorf("load pool %q: %w", p.Name, err)
			}
			regions := org.regions
			if p.Scope == "account" {
				regions = org.regions[:1]
			}
			for _, r := range regions {
				a.pools[i] = append(a.pools[i], draw(&sc, t, a, r, p))
			}
		}
	}
	return nil
}

// draw fills in t until it has p.Size different values or reaches a limit of tries.
func draw(sc *scope, t template, a *account, r *region, p pool) []string {
	sc.account, sc.region = a, r
	key := derive(sc.org.seed, a.id, r.name, p.Name)
	var values []string
	seen := map[string]bool{}
	for i := int64(0); len(values) < p.Size && i < int64(20*p.Size); i++ {
		sc.begin(deriveN(key, i), 0)
		value := string(t.appendTo(nil, sc))
		if key := strings.ToLower(value); !seen[key] {
			seen[key] = true
			values = append(values, value)
		}
	}
	return values
}
