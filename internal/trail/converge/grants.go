package converge

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// Grant is what another account must allow first: statements for the policy of a
// resource that the trail only uses.
type Grant struct {
	Account    string // the owner's
	Kind, Name string // such as "bucket", and AWS's name for it
	Policy     policy.Document
}

// String returns the grant for people: a line, and the policy below it.
func (g Grant) String() string {
	return fmt.Sprintf("account %s must allow in the policy of %s %s:\n  %s",
		plain(g.Account), g.Kind, plain(g.Name), strings.ReplaceAll(g.Policy.String(), "\n", "\n  "))
}

// writeGrants writes the grants, unless there is nothing to do.
func (p *Plan) writeGrants(w *bytes.Buffer) {
	if p.Empty() {
		return
	}
	for _, g := range p.grants {
		fmt.Fprintf(w, "\nBefore that, %s\n", g)
	}
}
