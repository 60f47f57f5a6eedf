package s3archive

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Lifecycle are the rules of a bucket that remove current objects by age or date.
// Rules for noncurrent versions, delete markers and incomplete uploads remove no
// current object, and are not among them.
type Lifecycle struct{ rules []expiration }

type expiration struct {
	prefix string
	days   int32     // after the object was written, or 0
	date   time.Time // on which objects are removed, or zero
}

// Lifecycle asks for the bucket's rules. It needs s3:GetLifecycleConfiguration.
func (s *Source) Lifecycle(ctx context.Context) (*Lifecycle, error) {
	var l Lifecycle
	err := s.call(func(inRegion func(*s3.Options)) error {
		out, err := s.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &s.bucket}, inRegion)
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "NoSuchLifecycleConfiguration" {
			return nil
		}
		if err != nil {
			return err
		}
		l = Lifecycle{}
		for _, rule := range out.Rules {
			if e, ok := expirationOf(rule); ok {
				l.rules = append(l.rules, e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "get lifecycle rules of", s.uriOf(""), err)
	}
	return &l, nil
}

// expirationOf returns what a rule removes of CloudTrail's objects. These have no
// tags, so a rule for tags removes none. The sizes of objects that are gone are not
// known, so a rule for some sizes may have removed any.
func expirationOf(rule types.LifecycleRule) (e expiration, ok bool) {
	if rule.Status != types.ExpirationStatusEnabled || rule.Expiration == nil {
		return e, false
	}
	if rule.Expiration.Days != nil {
		e.days = *rule.Expiration.Days
	}
	if rule.Expiration.Date != nil {
		e.date = *rule.Expiration.Date
	}
	e.prefix = value(rule.Prefix) //nolint:staticcheck // old rules still have it
	if f := rule.Filter; f != nil {
		if f.Tag != nil || f.And != nil && len(f.And.Tags) > 0 {
			return e, false
		}
		if f.Prefix != nil {
			e.prefix = *f.Prefix
		}
		if f.And != nil {
			e.prefix = value(f.And.Prefix)
		}
	}
	return e, e.days > 0 || !e.date.IsZero()
}

// Expires reports whether a rule removes an object by a time. S3 rounds the end of
// its days up to the next midnight UTC, and may take longer.
func (l *Lifecycle) Expires(key string, written, by time.Time) bool {
	for _, e := range l.rules {
		switch {
		case !strings.HasPrefix(key, e.prefix):
		case e.days > 0 && !written.UTC().AddDate(0, 0, int(e.days)).After(by):
			return true
		case !e.date.IsZero() && !by.Before(e.date): // also what was written later, while the rule is there
			return true
		}
	}
	return false
}

// Bucket returns the name of the bucket.
func (s *Source) Bucket() string { return s.bucket }
