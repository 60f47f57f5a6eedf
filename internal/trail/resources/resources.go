// Package resources is what a trail consists of in an account, each part as a resource to converge.
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

// Set is the parts of one trail.
type Set struct {
	Spec    *trail.Spec
	Account *account.Account
	Names   trail.Names
	// LateDeliveries is how long a deleted trail is waited for before the bucket with
	// its logs is deleted.
	LateDeliveries time.Duration
	// Progress is told of long work within one step, such as "1,000 objects deleted".
	Progress func(done string)
	refs     *refs
	controls []controls.Control // what alarms can be for
}

// refs is what no name predicts. Resources fill it in when they are read or made;
// those after them use it in Want.
type refs struct {
	KeyARN   string // of the key that encrypts; "" without one
	LogGroup claim  // whose metric filters are ours too: they carry no tags
}

// New returns the parts of the trail that spec wants in an account. The error is that
// of a catalogue of controls that cannot be read.
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

// All returns every resource in the order in which they are made. What a resource
// refers to comes before it, so that the reverse is the order in which they go.
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
