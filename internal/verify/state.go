package verify

import (
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

// State is what is known of one object.
type State string

// The states. Only evidence makes an object tampered: a failing disk, network or
// permission never does.
const (
	Valid        State = "valid"
	Tampered     State = "tampered"     // differs from what was signed, or nobody vouches for it
	Missing      State = "missing"      // should be in the archive and is not
	Expired      State = "expired"      // missing at the oldest end of its chain, as retention rules leave it
	Archived     State = "archived"     // in cold storage, must be restored before it can be read
	Denied       State = "denied"       // reading it is not permitted
	Pending      State = "pending"      // so new that its proof may still be delivered
	Unverifiable State = "unverifiable" // nothing at hand proves or disproves it
	Unreadable   State = "unreadable"   // reading it failed
)

// States lists all states, the worst first.
func States() []State {
	return []State{Tampered, Missing, Unreadable, Denied, Archived, Unverifiable, Pending, Expired, Valid}
}

// Bad reports whether the state is evidence against the archive.
func (s State) Bad() bool { return s == Tampered || s == Missing }

// Unknown reports whether the state leaves open what the object is.
func (s State) Unknown() bool {
	return s == Archived || s == Denied || s == Unverifiable || s == Unreadable
}

// Object is the kind of thing that a result is about.
type Object string

// The kinds of objects.
const (
	DigestFile Object = "digest"
	LogFile    Object = "log file"
	Hours      Object = "hours" // a time of a chain without digests
	WholeChain Object = "chain"
	AnchorLog  Object = "anchor log"
)

// Chain names one chain of digests.
type Chain struct {
	Prefix       string `json:"prefix,omitempty"` // of the keys, before AWSLogs
	Organization string `json:"organization,omitempty"`
	Account      string `json:"account"`
	Region       string `json:"region"`
	Trail        string `json:"trail,omitempty"` // empty for log files that no chain lists
	HomeRegion   string `json:"home_region,omitempty"`
	// Backfill is the chain of the digests that list late log files.
	Backfill bool `json:"backfill,omitempty"`
}

func chainOf(k archive.Key) Chain {
	return Chain{
		Prefix: prefixOf(k), Organization: k.Organization, Account: k.Account, Region: k.Region,
		Trail: k.Trail, HomeRegion: k.HomeRegion, Backfill: k.Backfill,
	}
}

// lane is where the log files of a chain are delivered, which chains of other
// trails may share.
type lane struct{ prefix, organization, account, region string }

func (c Chain) lane() lane { return lane{c.Prefix, c.Organization, c.Account, c.Region} }

func laneOf(k archive.Key) lane { return lane{prefixOf(k), k.Organization, k.Account, k.Region} }

// prefixOf is what comes before CloudTrail's own folders, as far as these are in
// the key.
func prefixOf(k archive.Key) string {
	if k.Flat {
		return archive.ParseFolder(k.Prefix).Prefix
	}
	return k.Prefix
}

// Result is what was found out about one object.
type Result struct {
	State  State  `json:"state"`
	Object Object `json:"object"`
	Chain  Chain  `json:"chain"`
	// Key is the object's key in the archive, or the one it would have.
	Key string `json:"key,omitempty"`
	// Digest is the key in the archive of the digest that lists the log file.
	Digest string `json:"digest,omitempty"`
	// Check is the check that decided, as a stable word such as "signature".
	Check Check `json:"check,omitempty"`
	// Reason says in plain words what is wrong; empty for a valid object.
	Reason string `json:"reason,omitempty"`
	// Expected and Found are the values that differ.
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
	// From and To bound the time that the result is about, for digests the hour
	// of delivery that they cover.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Files is the number of log files of a result that is about many.
	Files int64 `json:"files,omitempty"`
	// History is what the bucket's versions tell of a damaged object.
	History *History `json:"history,omitempty"`

	want string // hex SHA-256 of what the object must be, where that is proven
}

// Check is one rule of verification.
type Check string

// The checks of a digest, of the links between digests, of log files and of the
// archive as a whole.
const (
	CheckRead        Check = "read"         // it can be read
	CheckSize        Check = "size"         // it is not larger than any real one
	CheckGzip        Check = "gzip"         // one complete gzip member and nothing after it
	CheckFormat      Check = "format"       // JSON with the required fields
	CheckLocation    Check = "location"     // it is where it says it was delivered
	CheckAlgorithm   Check = "algorithm"    // of hash and signature
	CheckKey         Check = "key"          // the public key is known and was valid
	CheckSignature   Check = "signature"    // over the digest, by that key
	CheckMetadata    Check = "metadata"     // the object's metadata hold the signature
	CheckLinkHash    Check = "link-hash"    // the successor names the digest's hash
	CheckLinkSigned  Check = "link-signed"  // the successor names the digest's signature
	CheckContinuity  Check = "continuity"   // each hour has its digest
	CheckStart       Check = "start"        // a chain that starts again does so for a reason
	CheckHead        Check = "head"         // of the oldest end
	CheckTail        Check = "tail"         // of the newest end
	CheckHash        Check = "hash"         // of a log file
	CheckListed      Check = "listed"       // a digest lists the log file
	CheckAnchor      Check = "anchor"       // what an earlier run saw is still there
	CheckChainExists Check = "chain-exists" // the log files of an account and Region have a chain
)
