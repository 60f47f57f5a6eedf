package resources

import "github.com/cerpac/trailkeeper/internal/trail/converge"

// accessLogs is the bucket for the access log of the log bucket. S3 delivers access
// logs only to a bucket without Object Lock that is encrypted with S3's own key.
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
