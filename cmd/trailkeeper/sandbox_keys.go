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

// keys are the credentials with which a shell calls the sandbox.
type keys struct {
	pair    *access.Admin // nil keeps the shell's own
	profile bool          // the shell's own are from a profile
	source  string        // source of the keys
}

const (
	// askTimeout is the timeout of the request for a sandbox's upstream.
	askTimeout = 5 * time.Second
	madeUp     = "made up"
)

// madeUpKeys returns placeholder keys: moto accepts any.
func madeUpKeys() keys {
	return keys{pair: &access.Admin{AccessKey: "test", Secret: "test"}, source: madeUp}
}

// adminKeys returns the administrator's keys, or placeholder keys if there is
// no administrator.
func adminKeys(admin *access.Admin) keys {
	if admin == nil {
		return madeUpKeys()
	}
	return keys{pair: admin, source: "the sandbox's administrator, from " + admin.File}
}

// commandKeys returns the keys for a command that the sandbox runs. With a
// store as upstream the command keeps its own keys, which the sandbox then
// accepts as the administrator's.
func commandKeys(admin, own *access.Admin) keys {
	if admin != nil && own != nil {
		return keys{pair: own}
	}
	return adminKeys(admin)
}

// callerKeys returns keys for a sandbox of which only the address is known:
// placeholder keys if its upstream is moto, otherwise the shell's own keys, the
// only ones that a store knows.
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

// beforeMoto reports whether a sandbox's upstream is moto. With a store as
// upstream, a sandbox tells that only to its administrator.
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

// ownKeys finds the source of the shell's keys as the AWS CLI and the SDKs do.
// It does not copy the keys.
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

// tell prints the source of the keys unless it is the expected one.
func (k keys) tell(s *streams) {
	if k.source != madeUp {
		_, _ = fmt.Fprintf(s.err, "keys: %s\n", k.source)
	}
}
