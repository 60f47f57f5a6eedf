package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// The event that explains a new start is found wherever it is in its log file, which
// is read in pieces of 64 KiB, and among names that end alike.
func TestStopAnywhere(t *testing.T) {
	for _, name := range []string{"StopLogging", "DeleteTrail", "UpdateTrail"} {
		for pad := 64<<10 - 150; pad < 64<<10+8; pad += 3 {
			m := memory{}
			b := newBuilder(m, "main")
			b.hour(t, 1)
			start := b.end
			b.end = start.Add(time.Hour)
			event := `{"eventName":"` + name + `","eventSource":"cloudtrail.amazonaws.com","eventTime":"` + start.Add(40*time.Minute).Format(time.RFC3339) +
				`","awsRegion":"` + region + `","requestParameters":{"name":"main"}}`
			others := `{"eventName":"PutBucketLogging"},{"eventName":"DescribeTrail"},{"note":"` + strings.Repeat("x", pad-80) + `"},`
			file := b.log(t, start.Add(50*time.Minute), `{"Records":[`+others+event+`]}`)
			b.write(t, start, []digest.LogFile{file}, false)
			b.previous, b.end = nil, b.end.Add(5*time.Hour)
			b.hour(t, 1)
			if bad, sum := run(t, m, keys(), verify.Options{}); len(bad) > 0 || sum.Restarts != 1 {
				t.Errorf("%s after %d bytes: %q", name, pad, short(bad))
			}
		}
	}
}
