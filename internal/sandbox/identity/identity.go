// Package identity knows to whom an access key belongs.
//
// It learns keys and sessions from the answers of IAM and STS that pass by. A
// key it never saw made belongs to whom the upstream says. Secrets are not kept;
// of a session token only a hash, which tells sessions of one access key apart.
package identity

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// Identity is a caller.
type Identity struct {
	// Account is the account of the caller's credentials.
	Account string
	// UserIdentity is the userIdentity of the record, as JSON.
	UserIdentity []byte
	// Arn is the caller's, or "" for nobody.
	Arn string
	// TransitiveTags are the session tags that a role the caller assumes inherits.
	// They are not to be changed.
	TransitiveTags map[string]string
}

// Asker asks the upstream whose an access key is: the ARN, user id and account
// that STS GetCallerIdentity answers.
type Asker func(ctx context.Context, accessKey, sessionToken string) (arn, userID, account string, err error)

// How long an answer of the upstream holds. One without an owner, and an error,
// holds shorter: the key may be made any moment.
const (
	ownerHolds   = time.Hour
	nobodyHolds  = time.Minute
	errorHolds   = 5 * time.Second
	learnTimeout = 10 * time.Second // with the upstream
	maxAsked     = 10_000
	afterExpiry  = time.Hour // clocks of the sandbox and its upstream may differ
	defaultUser  = "user/moto"
	anonymous    = "ANONYMOUS_PRINCIPAL"
	rootResource = "root"
)

// Directory is who owns which access key. Its methods may be called at the same time.
type Directory struct {
	account string
	ask     Asker
	now     func() time.Time
	asking  singleflight.Group

	mu      sync.RWMutex
	ledger  *ledger
	people  map[string]*person // by key; those of sessions by key and token
	users   map[string]*user   // by account and name
	asked   map[string]answer
	kept    int // lines of the ledger when it was last rewritten
	ongoing int // lines since then
}

// answer is what the upstream said of a key.
type answer struct {
	*person
	identity Identity
	until    time.Time
}

// Config is what a directory is made of.
type Config struct {
	// File keeps what was learned, as JSON lines.
	File string
	// Account is the one of keys nobody knows, as its root user.
	Account string
	// Ask is for keys that were not learned; nil asks nobody.
	Ask Asker
	Now func() time.Time
}

// Open reads what an earlier directory learned.
func Open(c Config) (*Directory, error) {
	d := &Directory{
		account: c.Account, ask: c.Ask, now: c.Now, ledger: &ledger{path: c.File},
		people: map[string]*person{}, users: map[string]*user{}, asked: map[string]answer{},
	}
	if err := d.ledger.read(d.take); err != nil {
		return nil, err
	}
	if err := d.rewrite(); err != nil {
		return nil, err
	}
	return d, nil
}

// Of tells who made a call. Those who trade in a token of another identity
// provider sign nothing; the exchange tells who they are.
func (d *Directory) Of(ctx context.Context, op operation.Operation, x *exchange.Exchange) Identity {
	if op.AccessKey == "" {
		return d.unsigned(op, x)
	}
	if found, ok := d.known(op); ok {
		return found
	}
	return d.inquire(ctx, op).identity
}

func (d *Directory) known(op operation.Operation) (Identity, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if p := d.people[slot(op.AccessKey, op.SessionToken)]; p != nil {
		return p.identity, true
	}
	if a, ok := d.asked[slot(op.AccessKey, op.SessionToken)]; ok && d.now().Before(a.until) {
		return a.identity, true
	}
	return Identity{}, false
}

// inquire asks the upstream, once for all calls that wait for the same key.
func (d *Directory) inquire(ctx context.Context, op operation.Operation) answer {
	key := slot(op.AccessKey, op.SessionToken)
	found, _, _ := d.asking.Do(key, func() (any, error) {
		a := d.answerOf(ctx, op)
		a.identity = a.describe()
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.asked) >= maxAsked {
			clear(d.asked)
		}
		d.asked[key] = a
		return a, nil
	})
	return found.(answer)
}

func (d *Directory) answerOf(ctx context.Context, op operation.Operation) answer {
	nobody := answer{person: rootOf(op, d.account), until: d.now().Add(nobodyHolds)}
	if d.ask == nil {
		return nobody
	}
	// Others may wait for the answer when the first client hangs up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), learnTimeout)
	defer cancel()
	arn, userID, account, err := d.ask(ctx, op.AccessKey, op.SessionToken)
	if err != nil {
		nobody.until = d.now().Add(errorHolds)
		return nobody
	}
	p := personOf(arn, userID, account, d.now())
	if p == nil || strings.HasSuffix(arn, ":"+defaultUser) {
		if account != "" {
			nobody.person = rootOf(op, account)
		}
		return nobody
	}
	p.Key = op.AccessKey
	return answer{person: p, until: d.now().Add(ownerHolds)}
}
