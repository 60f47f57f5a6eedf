// Package record writes the CloudTrail record of an API call.
package record

import (
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// Compose is the record of a call whose answer is complete.
func Compose(x *exchange.Exchange, op operation.Operation, who identity.Identity) (journal.Entry, error) {
	return journal.Entry{Time: x.Arrived, Account: who.Account, Region: op.Region, Category: string(op.Category)}, nil
}
