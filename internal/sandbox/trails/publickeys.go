package trails

import (
	"context"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
)

type publicKeysRequest struct{ StartTime, EndTime *cloudtrail.RequestTime }

func (s *Store) listPublicKeys(_ context.Context, c cloudtrail.Call, in publicKeysRequest) (any, error) {
	from, until := s.config.Now(), s.config.Now()
	if in.StartTime != nil {
		from = in.StartTime.Time
	}
	if in.EndTime != nil {
		until = in.EndTime.Time
	}
	if from.After(until) {
		return nil, cloudtrail.Refuse("InvalidTimeRangeException", "The start time is after the end time.")
	}
	list := digest.PublicKeyList{PublicKeyList: []digest.PublicKey{}}
	if s.config.PublicKeys != nil {
		list.PublicKeyList = append(list.PublicKeyList, s.config.PublicKeys(c.Region, from, until)...)
	}
	return list, nil
}
