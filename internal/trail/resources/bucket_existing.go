package resources

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// existingBucket is a bucket of another account. Only its existence is checked.
func (s *Set) existingBucket() converge.Resource {
	bucket := *s.Spec.ExistingBucket
	stays := fmt.Sprintf("account %s keeps it, and the trail only delivers to it", bucket.Owner)
	return converge.Resource{
		Kind: "bucket", Name: bucket.Name, Stays: stays,
		Want: func() (converge.State, error) { return converge.State{}, nil },
		Read: func(ctx context.Context) (converge.Actual, error) {
			_, err := s.Account.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket.Name, ExpectedBucketOwner: &bucket.Owner})
			now := converge.Actual{Exists: true, Shared: stays, State: converge.State{}, Note: "account " + bucket.Owner + " keeps it"}
			_, denied := account.Denied(err)
			switch {
			case account.Missing(err):
				now.Exists, now.Note = false, fmt.Sprintf("there is no such bucket: account %s has to make it first", bucket.Owner)
			case denied: // the usual answer about a bucket of another account, whoever owns it
				now.Note = fmt.Sprintf("account %s has to keep it, which this account may not see", bucket.Owner)
			case regionTold(err) != "": // it is in another Region; CloudTrail delivers there too
			case err != nil:
				return converge.Actual{}, err
			}
			return now, nil
		},
	}
}

// Grants lists what other accounts must allow before the trail can be created.
func (s *Set) Grants() (list []converge.Grant) {
	for _, g := range s.Spec.Grants(s.Account.Place) {
		list = append(list, converge.Grant(g))
	}
	return list
}

// grant is what another account must allow for a bucket or KMS key that it owns.
func (s *Set) grant(kind string) (g converge.Grant, ok bool) {
	grants := s.Grants()
	i := slices.IndexFunc(grants, func(g converge.Grant) bool { return g.Kind == kind })
	if i < 0 {
		return g, false
	}
	return grants[i], true
}
