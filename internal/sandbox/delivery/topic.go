package delivery

import (
	"context"
	"encoding/json"
)

// maxNotices is how many notices wait for a topic that is broken. Older ones are
// dropped: they only tell of files that can be listed.
const maxNotices = 1000

// notice is that a log file was delivered.
type notice struct{ Bucket, Key, Region string }

// Notifier publishes messages, without a subject.
type Notifier interface {
	Publish(ctx context.Context, topicARN, message string) error
}

// notify publishes a message for each log file delivered.
func (c *courier) notify(ctx context.Context) {
	if len(c.Notices) == 0 {
		return
	}
	c.dirty = true
	if c.trail.TopicARN == "" || c.config.Notifier == nil {
		c.Notices = nil
		return
	}
	c.Notices = c.Notices[max(0, len(c.Notices)-maxNotices):]
	var err error
	if c.config.Permit != nil {
		err = c.config.Permit.Topic(ctx, c.permitted())
	}
	for len(c.Notices) > 0 && ctx.Err() == nil {
		n := c.Notices[0]
		if err == nil {
			err = c.config.Notifier.Publish(ctx, c.trail.TopicARN, n.message())
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.report("topic", err)
			c.note(n.Region, notifications, code(err))
			return
		}
		c.report("topic", nil)
		c.note(n.Region, notifications, "")
		c.Notices = c.Notices[1:]
	}
}

func (n notice) message() string {
	text, _ := json.Marshal(struct { // strings always marshal
		Bucket string   `json:"s3Bucket"`
		Keys   []string `json:"s3ObjectKey"`
	}{n.Bucket, []string{n.Key}})
	return string(text)
}
