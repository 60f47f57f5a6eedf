package trails

import (
	"context"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
)

func (s *Store) startLogging(ctx context.Context, c cloudtrail.Call, in nameRequest) (any, error) {
	t, err := s.own(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	if t.isLogging() {
		return nothing{}, nil
	}
	// Logging starts when the call arrived, so that the call itself is logged.
	t.Logging = append(slices.Clip(t.Logging), Span{From: c.Arrived})
	return nothing{}, s.put(t)
}

func (s *Store) stopLogging(ctx context.Context, c cloudtrail.Call, in nameRequest) (any, error) {
	t, err := s.own(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	if !t.isLogging() {
		return nothing{}, nil
	}
	t.stop(s.config.Now())
	return nothing{}, s.put(t)
}

// deleteTrail deletes a trail. One that has logged is kept, marked as deleted, until
// everything is delivered.
func (s *Store) deleteTrail(ctx context.Context, c cloudtrail.Call, in nameRequest) (any, error) {
	t, err := s.own(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	if len(t.Logging) == 0 {
		left := slices.DeleteFunc(s.All(), func(other Trail) bool { return other.ID == t.ID })
		return nothing{}, s.replace(left)
	}
	t.Deleted = s.config.Now()
	t.stop(t.Deleted)
	return nothing{}, s.put(t)
}

func (t Trail) isLogging() bool {
	return len(t.Logging) > 0 && t.Logging[len(t.Logging)-1].Until.IsZero()
}

// stop ends the open span, if there is one.
func (t *Trail) stop(at time.Time) {
	if t.isLogging() {
		t.Logging = slices.Clone(t.Logging)
		t.Logging[len(t.Logging)-1].Until = at
	}
}

// started and stopped return when the trail last started and stopped logging, zero if
// it never did.
func (t Trail) started() time.Time {
	if len(t.Logging) == 0 {
		return time.Time{}
	}
	return t.Logging[len(t.Logging)-1].From
}

func (t Trail) stopped() time.Time {
	for _, span := range slices.Backward(t.Logging) {
		if !span.Until.IsZero() {
			return span.Until
		}
	}
	return time.Time{}
}

// statusView is the answer of GetTrailStatus. The times in text form are legacy
// members, which are present even when empty.
type statusView struct {
	IsLogging                          bool
	LatestDeliveryError                string                `json:",omitempty"`
	LatestNotificationError            string                `json:",omitempty"`
	LatestDeliveryTime                 *cloudtrail.EpochTime `json:",omitempty"`
	LatestNotificationTime             *cloudtrail.EpochTime `json:",omitempty"`
	StartLoggingTime                   *cloudtrail.EpochTime `json:",omitempty"`
	StopLoggingTime                    *cloudtrail.EpochTime `json:",omitempty"`
	LatestCloudWatchLogsDeliveryError  string                `json:",omitempty"`
	LatestCloudWatchLogsDeliveryTime   *cloudtrail.EpochTime `json:",omitempty"`
	LatestDigestDeliveryTime           *cloudtrail.EpochTime `json:",omitempty"`
	LatestDigestDeliveryError          string                `json:",omitempty"`
	LatestDeliveryAttemptTime          string
	LatestNotificationAttemptTime      string
	LatestNotificationAttemptSucceeded string
	LatestDeliveryAttemptSucceeded     string
	TimeLoggingStarted                 string
	TimeLoggingStopped                 string
}

func (s *Store) getTrailStatus(ctx context.Context, c cloudtrail.Call, in nameRequest) (any, error) {
	t, err := s.find(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	var status Status
	if s.config.Status != nil {
		status = s.config.Status(t.ID, c.Region)
	}
	return statusView{
		IsLogging:          t.isLogging(),
		StartLoggingTime:   cloudtrail.Epoch(t.started()),
		StopLoggingTime:    cloudtrail.Epoch(t.stopped()),
		TimeLoggingStarted: timeText(t.started()),
		TimeLoggingStopped: timeText(t.stopped()),

		LatestDeliveryTime:             cloudtrail.Epoch(status.Logs.Latest),
		LatestDeliveryError:            status.Logs.Error,
		LatestDeliveryAttemptTime:      timeText(status.Logs.LatestAttempt),
		LatestDeliveryAttemptSucceeded: timeText(status.Logs.Latest),

		LatestNotificationTime:             cloudtrail.Epoch(status.Notifications.Latest),
		LatestNotificationError:            status.Notifications.Error,
		LatestNotificationAttemptTime:      timeText(status.Notifications.LatestAttempt),
		LatestNotificationAttemptSucceeded: timeText(status.Notifications.Latest),

		LatestCloudWatchLogsDeliveryTime:  cloudtrail.Epoch(status.LogGroup.Latest),
		LatestCloudWatchLogsDeliveryError: status.LogGroup.Error,
		LatestDigestDeliveryTime:          cloudtrail.Epoch(status.Digests.Latest),
		LatestDigestDeliveryError:         status.Digests.Error,
	}, nil
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
