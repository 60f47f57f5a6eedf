// Package identity finds the owner of an access key.
//
// It learns keys and sessions from the forwarded answers of IAM and STS. For a key
// whose creation it did not see, it asks the upstream. It keeps no secrets; of a
// session token only a hash, which distinguishes sessions of the same access key.
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
	// Arn is the caller's ARN, "" for an anonymous caller.
	Arn string
	// TransitiveTags are the session tags that roles assumed by the caller inherit.
	// They must not be modified.
	TransitiveTags map[string]string
}

// Asker asks the upstream for the owner of an access key: the ARN, user ID and
// account that STS GetCallerIdentity returns.
type Asker func(ctx context.Context, accessKey, sessionToken string) (arn, userID, account string, err error)

// How long an answer of the upstream is cached. An answer without an owner and an
// error are cached for a shorter time: the key may be created at any moment.
const (
	ownerHolds   = time.Hour
	nobodyHolds  = time.Minute
	errorHolds   = 5 * time.Second
	learnTimeout = 10 * time.Second // for asking the upstream
	maxAsked     = 10_000
	afterExpiry  = time.Hour // clocks of the sandbox and its upstream may differ
	defaultUser  = "user/moto"
	anonymous    = "ANONYMOUS_PRINCIPAL"
	rootResource = "root"
)

// Directory maps access keys to their owners. It is safe for concurrent use.
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

// answer is a cached answer of the upstream for a key.
type answer struct {
	*person
	identity Identity
	until    time.Time
}

// Config configures a Directory.
type Config struct {
	// File stores the learned keys as JSON lines.
	File string
	// Account is the account whose root user owns unknown keys.
	Account string
	// Ask finds the owners of keys that were not learned. It may be nil.
	Ask Asker
	Now func() time.Time
}

// Open returns a Directory with the keys that c.File has.
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

// Of returns the caller of a call. Calls that exchange a token of another identity
// provider are unsigned; their caller is read from x.
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

// inquire asks the upstream, once for all concurrent calls with the same key.
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
	// Other calls may wait for this answer, so it continues if the first client hangs up.
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
