package trails

import (
	"context"
	"slices"
	"strconv"
	"time"
)

func (s *Store) startLogging(ctx context.Context, c Call, in nameRequest) (any, error) {
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

func (s *Store) stopLogging(ctx context.Context, c Call, in nameRequest) (any, error) {
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
func (s *Store) deleteTrail(ctx context.Context, c Call, in nameRequest) (any, error) {
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
	LatestDeliveryError                string     `json:",omitempty"`
	LatestNotificationError            string     `json:",omitempty"`
	LatestDeliveryTime                 *epochTime `json:",omitempty"`
	LatestNotificationTime             *epochTime `json:",omitempty"`
	StartLoggingTime                   *epochTime `json:",omitempty"`
	StopLoggingTime                    *epochTime `json:",omitempty"`
	LatestCloudWatchLogsDeliveryError  string     `json:",omitempty"`
	LatestCloudWatchLogsDeliveryTime   *epochTime `json:",omitempty"`
	LatestDigestDeliveryTime           *epochTime `json:",omitempty"`
	LatestDigestDeliveryError          string     `json:",omitempty"`
	LatestDeliveryAttemptTime          string
	LatestNotificationAttemptTime      string
	LatestNotificationAttemptSucceeded string
	LatestDeliveryAttemptSucceeded     string
	TimeLoggingStarted                 string
	TimeLoggingStopped                 string
}

func (s *Store) getTrailStatus(ctx context.Context, c Call, in nameRequest) (any, error) {
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
		StartLoggingTime:   epoch(t.started()),
		StopLoggingTime:    epoch(t.stopped()),
		TimeLoggingStarted: timeText(t.started()),
		TimeLoggingStopped: timeText(t.stopped()),

		LatestDeliveryTime:             epoch(status.Logs.Latest),
		LatestDeliveryError:            status.Logs.Error,
		LatestDeliveryAttemptTime:      timeText(status.Logs.LatestAttempt),
		LatestDeliveryAttemptSucceeded: timeText(status.Logs.Latest),

		LatestNotificationTime:             epoch(status.Notifications.Latest),
		LatestNotificationError:            status.Notifications.Error,
		LatestNotificationAttemptTime:      timeText(status.Notifications.LatestAttempt),
		LatestNotificationAttemptSucceeded: timeText(status.Notifications.Latest),

		LatestCloudWatchLogsDeliveryTime:  epoch(status.LogGroup.Latest),
		LatestCloudWatchLogsDeliveryError: status.LogGroup.Error,
		LatestDigestDeliveryTime:          epoch(status.Digests.Latest),
		LatestDigestDeliveryError:         status.Digests.Error,
	}, nil
}

// epochTime is a time in an answer: seconds since 1970 with milliseconds.
type epochTime struct{ time.Time }

func (t epochTime) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// epoch returns nil for the zero time.
func epoch(t time.Time) *epochTime {
	if t.IsZero() {
		return nil
	}
	return &epochTime{t}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
