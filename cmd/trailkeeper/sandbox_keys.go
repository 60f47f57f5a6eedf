package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
)

// keys are those that a shell calls the sandbox with.
type keys struct {
	pair    *access.Admin // nil leaves the shell its own
	profile bool          // which it has from a profile
	source  string        // where they come from
}

const (
	// askTimeout is how long a sandbox may take to tell what is behind it.
	askTimeout = 5 * time.Second
	madeUp     = "made up"
)

// madeUpKeys are as good as any before moto.
func madeUpKeys() keys {
	return keys{pair: &access.Admin{AccessKey: "test", Secret: "test"}, source: madeUp}
}

// adminKeys are the administrator's, and made up ones where there is none.
func adminKeys(admin *access.Admin) keys {
	if admin == nil {
		return madeUpKeys()
	}
	return keys{pair: admin, source: "the sandbox's administrator, from " + admin.File}
}

// commandKeys are those of a command that the sandbox runs. Before a store it keeps
// its own, which the sandbox takes for the administrator's then.
func commandKeys(admin, own *access.Admin) keys {
	if admin != nil && own != nil {
		return keys{pair: own}
	}
	return adminKeys(admin)
}

// callerKeys are for a sandbox of which no more than its address is known: made up
// where moto is behind it, and else the shell's own, which are the only ones that a
// store knows.
func callerKeys(ctx context.Context, url string, s *streams) (keys, error) {
	moto, err := beforeMoto(ctx, url)
	if moto {
		return madeUpKeys(), nil
	}
	if _, nobody := errors.AsType[*net.OpError](err); nobody {
		k := madeUpKeys()
		k.source += "; nothing answers at " + url + ", and only moto takes them"
		return k, nil
	}
	return ownKeys(ctx, s)
}

// beforeMoto asks a sandbox what is behind it. Before a store it tells that to its
// administrator only.
func beforeMoto(ctx context.Context, url string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/_trailkeeper/health", nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	var health struct{ Moto bool }
	if err := json.NewDecoder(resp.Body).Decode(&health); err != nil || resp.StatusCode != http.StatusOK {
		return false, err
	}
	return health.Moto, nil
}

// ownKeys finds where the AWS CLI and the SDKs have a shell's keys from. They stay
// there.
func ownKeys(ctx context.Context, s *streams) (keys, error) {
	if s.getenv("AWS_ACCESS_KEY_ID") != "" && s.getenv("AWS_SECRET_ACCESS_KEY") != "" {
		return keys{source: "your own, from AWS_ACCESS_KEY_ID"}, nil
	}
	name := cmp.Or(s.getenv("AWS_PROFILE"), "default")
	if access.HasProfile(ctx, name, s.getenv) {
		return keys{profile: true, source: fmt.Sprintf("your own, from the profile %q", name)}, nil
	}
	return keys{}, outcome.CouldNotLook(outcome.WithHint(errors.New("find keys for the store behind the sandbox: there are none"),
		"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to those of the store, or AWS_PROFILE; the administrator's, for CloudTrail, come with --state"))
}

// tell says where keys come from, unless they are what everybody expects.
func (k keys) tell(s *streams) {
	if k.source != madeUp {
		_, _ = fmt.Fprintf(s.err, "keys: %s\n", k.source)
	}
}
