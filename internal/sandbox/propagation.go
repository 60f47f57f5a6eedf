package sandbox

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// propagation imitates the delay until a changed role is propagated to CloudTrail. It
// uses real time, like a client that retries.
type propagation struct {
	delay time.Duration // zero imitates nothing

	mu      sync.Mutex
	changed map[string]time.Time // by account and role name
}

// fresh reports whether the role changed too recently.
func (p *propagation) fresh(role string) bool {
	if p.delay == 0 {
		return false
	}
	account := arn.Account(role)
	if account == "" {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.changed[account+"/"+role[strings.LastIndexByte(role, '/')+1:]]
	return ok && time.Since(at) < p.delay
}

// note records that a call changed a role.
func (p *propagation) note(op operation.Operation, account string, x *exchange.Exchange) {
	if p.delay == 0 || op.Service != "iam" || x.Status >= 300 {
		return
	}
	switch op.Name {
	case "CreateRole", "PutRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy":
	default:
		return
	}
	// The name is in the query string or in a form.
	form, _ := url.ParseQuery(string(x.Request.Bytes) + "&" + x.URL.RawQuery)
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, at := range p.changed {
		if time.Since(at) > p.delay {
			delete(p.changed, name)
		}
	}
	p.changed[account+"/"+form.Get("RoleName")] = time.Now()
}
