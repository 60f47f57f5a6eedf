package delivery

import (
	"context"
	"encoding/json"
)

// maxNotices is how many notices are kept for a failing topic. Older ones are
// dropped: their files can still be listed in the bucket.
const maxNotices = 1000

// notice announces a delivered log file.
type notice struct{ Bucket, Key, Region string }

// Notifier publishes messages, without a subject.
type Notifier interface {
	Publish(ctx context.Context, topicARN, message string) error
}

// notify publishes a message for each delivered log file.
func (p *pass) notify(ctx context.Context) {
	if len(p.Notices) == 0 {
		return
	}
	p.dirty = true
	if p.trail.TopicARN == "" || p.config.Notifier == nil {
		p.Notices = nil
		return
	}
	p.Notices = p.Notices[max(0, len(p.Notices)-maxNotices):]
	var err error
	if p.config.Permit != nil {
		err = p.config.Permit.Topic(ctx, p.permitted())
	}
	for len(p.Notices) > 0 && ctx.Err() == nil {
		n := p.Notices[0]
		if err == nil {
			err = p.config.Notifier.Publish(ctx, p.trail.TopicARN, n.message())
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			p.report("topic", err)
			p.note(n.Region, notifications, code(err))
			return
		}
		p.report("topic", nil)
		p.note(n.Region, notifications, "")
		p.Notices = p.Notices[1:]
	}
}

func (n notice) message() string {
	text, _ := json.Marshal(struct { // strings always marshal
		Bucket string   `json:"s3Bucket"`
		Keys   []string `json:"s3ObjectKey"`
	}{n.Bucket, []string{n.Key}})
	return string(text)
}
