package converge

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// Grant is what another account has to allow before the work can be done: statements
// for the policy of something that is only used.
type Grant struct {
	Account    string // whose it is
	Kind, Name string // such as "bucket", and AWS's name for it
	Policy     policy.Document
}

// String is the grant for people: a line, and the policy below it.
func (g Grant) String() string {
	return fmt.Sprintf("account %s must allow in the policy of %s %s:\n  %s",
		plain(g.Account), g.Kind, plain(g.Name), strings.ReplaceAll(g.Policy.String(), "\n", "\n  "))
}

// writeGrants tells what has to be allowed, unless nothing is to be done.
func (p *Plan) writeGrants(w *bytes.Buffer) {
	if p.Empty() {
		return
	}
	for _, g := range p.grants {
		fmt.Fprintf(w, "\nBefore that, %s\n", g)
	}
}
