package trail

import (
	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// Grant is what the policy of something that the trail only uses must say, besides
// what it says already, before the trail can be made.
type Grant struct {
	Account    string // whose it is
	Kind, Name string // such as "bucket" and its name
	Policy     policy.Document
}

// Grants are those of an existing bucket and of another account's key.
func (s Spec) Grants(p Place) (list []Grant) {
	if e := s.ExistingBucket; e != nil {
		list = append(list, Grant{Account: e.Owner, Kind: "bucket", Name: e.Name, Policy: s.BucketGrant(p)})
	}
	if key := arn.Account(s.KMS); key != "" && key != p.Account {
		list = append(list, Grant{Account: key, Kind: "KMS key", Name: s.KMS, Policy: s.KeyGrant(p)})
	}
	return list
}

// BucketGrant lets the trail write to a bucket that somebody else keeps.
func (s Spec) BucketGrant(p Place) policy.Document { return s.grant(p, "For", s.deliveries(p)) }

// KeyGrant lets the trail and its log group use a key that somebody else keeps.
func (s Spec) KeyGrant(p Place) policy.Document { return s.grant(p, " for ", s.encryptions(p)) }

// grant tells statements from those for other trails, as no two of a policy may have
// the same Sid.
func (s Spec) grant(p Place, word string, statements []policy.Statement) policy.Document {
	for i := range statements {
		statements[i].Sid += word + s.owner(p)
	}
	return policy.New(statements...)
}
