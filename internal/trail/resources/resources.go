// Package resources lists the AWS resources of a trail, each with the functions to read and change it.
package resources

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// Set is the resources of one trail.
type Set struct {
	Spec    *trail.Spec
	Account *account.Account
	Names   trail.Names
	// LateDeliveries is the wait between the deletion of a trail and that of the bucket
	// with its logs.
	LateDeliveries time.Duration
	// Progress is called during long work within one step, with such as "1,000 objects
	// deleted".
	Progress func(done string)
	refs     *refs
	controls []controls.Control // what alarms can be for
}

// refs are values that cannot be computed from names. A resource sets them when it is
// read or created; later ones use them in Want.
type refs struct {
	KeyARN   string // the key for encryption; "" without one
	LogGroup claim  // also the claim on its metric filters, which carry no tags
}

// New returns the resources of the trail that spec wants in an account. It fails if the
// catalogue of controls cannot be read.
func New(spec *trail.Spec, account *account.Account) (*Set, error) {
	list, err := controls.All()
	if err != nil {
		return nil, err
	}
	return &Set{
		Spec: spec, Account: account, Names: spec.Names(account.Place),
		LateDeliveries: lateDeliveries, Progress: func(string) {}, refs: &refs{}, controls: list,
	}, nil
}

// All returns every resource in the order of creation. What a resource refers to comes
// before it, so deletion uses the reverse order.
func (s *Set) All() []converge.Resource {
	all := slices.Concat(
		s.organization(),
		s.boundary(),
		s.key(),
		s.accessLogs(),
		s.needed(s.bucket(), func(t types.Trail) bool { return aws.ToString(t.S3BucketName) == s.Names.Bucket }),
		s.needed(s.logGroup(), func(t types.Trail) bool { return aws.ToString(t.CloudWatchLogsLogGroupArn) == s.logGroupTarget() }),
		s.needed(s.role(), func(t types.Trail) bool { return aws.ToString(t.CloudWatchLogsRoleArn) == s.Names.RoleARN }),
		s.needed(s.topic(), func(t types.Trail) bool { return aws.ToString(t.SnsTopicARN) == s.Names.TopicARN }),
		s.trail(),
		s.alarms(),
		s.configRules(),
		s.guardDuty(),
		s.securityHub(),
	)
	for i, r := range all {
		all[i] = s.claimed(r)
	}
	return all
}
