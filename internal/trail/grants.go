package trail

import (
	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// Grant is what another account must add to the policy of a resource before the trail
// can use it.
type Grant struct {
	Account    string // the owner's
	Kind, Name string // such as "bucket" and its name
	Policy     policy.Document
}

// Grants lists the grants for an existing bucket and for another account's key.
func (s Spec) Grants(p Place) (list []Grant) {
	if e := s.ExistingBucket; e != nil {
		list = append(list, Grant{Account: e.Owner, Kind: "bucket", Name: e.Name, Policy: s.BucketGrant(p)})
	}
	if key := arn.Account(s.KMS); key != "" && key != p.Account {
		list = append(list, Grant{Account: key, Kind: "KMS key", Name: s.KMS, Policy: s.KeyGrant(p)})
	}
	return list
}

// BucketGrant lets the trail write to an existing bucket.
func (s Spec) BucketGrant(p Place) policy.Document { return s.grant(p, "For", s.deliveries(p)) }

// KeyGrant lets the trail and its log group use another account's key.
func (s Spec) KeyGrant(p Place) policy.Document { return s.grant(p, " for ", s.encryptions(p)) }

// grant makes the Sids unique per trail: one policy may hold grants for several trails,
// and a Sid may appear only once.
func (s Spec) grant(p Place, word string, statements []policy.Statement) policy.Document {
	for i := range statements {
		statements[i].Sid += word + s.owner(p)
	}
	return policy.New(statements...)
}
