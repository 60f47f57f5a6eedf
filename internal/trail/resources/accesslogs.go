package resources

import "github.com/cerpac/trailkeeper/internal/trail/converge"

// accessLogs is where S3 writes who accesses the bucket of the logs. It does so only
// where a bucket is encrypted with its own key and has no Object Lock.
func (s *Set) accessLogs() []converge.Resource {
	if !s.Spec.CreatesAccessLogBucket() {
		return nil
	}
	b := s.storage("access log bucket", s.Names.AccessLogBucket)
	return []converge.Resource{b.resource([]setting{
		b.tagging(), b.publicAccess(), b.ownership(), b.versioning(),
		b.encryption(func() any { return nil }),
		b.policy(s.Spec.AccessLogPolicy(s.Account.Place)),
		b.lifecycle(0),
	})}
}
