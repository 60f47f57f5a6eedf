package cloudtrail_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
)

func TestOperation(t *testing.T) {
	for target, want := range map[string]string{
		"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents": "LookupEvents",
		"CloudTrail_20131101.LookupEvents":                                    "LookupEvents",
		"CloudTrail_20131101.":                                                "",
		"XCloudTrail_20131101.LookupEvents":                                   "-",
		"Logs_20140328.PutLogEvents":                                          "-",
		"":                                                                    "-",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("X-Amz-Target", target)
		if name, ok := cloudtrail.Operation(r); ok != (want != "-") || ok && name != want {
			t.Errorf("%q calls %q, %t", target, name, ok)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		answer cloudtrail.Answer
		want   string
	}{
		{cloudtrail.Succeed(struct{}{}), `200  {}`},
		{cloudtrail.Succeed(func() {}), `502 InternalFailure {"__type":"InternalFailure","Message":"write answer: json: unsupported type: func()"}`},
		{cloudtrail.Fail(fmt.Errorf("wrapped: %w", cloudtrail.Refuse("TrailNotFoundException", "Unknown trail: %s", "x"))),
			`400 TrailNotFoundException {"__type":"TrailNotFoundException","Message":"Unknown trail: x"}`},
		{cloudtrail.Fail(cloudtrail.TooLarge()),
			`413 RequestEntityTooLargeException {"__type":"RequestEntityTooLargeException","Message":"a request to CloudTrail has at most 1048576 bytes"}`},
		{cloudtrail.Fail(errors.New("disk")), `502 InternalFailure {"__type":"InternalFailure","Message":"disk"}`},
	} {
		w := httptest.NewRecorder()
		c.answer.Write(w)
		got := fmt.Sprintf("%d %s %s", w.Code, c.answer.ErrorType, w.Body)
		if got != c.want || w.Header().Get("x-amzn-RequestId") == "" || w.Header().Get("Content-Type") != "application/x-amz-json-1.1" {
			t.Errorf("%s %v\nwant %s", got, w.Header(), c.want)
		}
	}
}

func TestDecode(t *testing.T) {
	for body, want := range map[string]string{
		`{"MaxResults":null,"Unknown":[]}`: "",
		`{"MaxResults":"1"}`:               `SerializationException: A JSON string is no value for the member "MaxResults".`,
		`{"StartTime":-1}`:                 "InvalidTimeRangeException: The time -1 is out of range.",
		``:                                 "SerializationException: The request is not JSON: unexpected end of JSON input.",
	} {
		var in cloudtrail.LookupRequest
		if err := cloudtrail.Decode([]byte(body), &in); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// A time that was read and written again is the same millisecond.
func FuzzTimes(f *testing.F) {
	f.Add(1772366400.5)
	f.Fuzz(func(t *testing.T, seconds float64) {
		text, err := json.Marshal(seconds)
		if err != nil {
			return
		}
		var in, again cloudtrail.RequestTime
		if json.Unmarshal(text, &in) != nil {
			return
		}
		written, err := json.Marshal(cloudtrail.EpochTime(in))
		if err != nil || json.Unmarshal(written, &again) != nil || !again.Equal(in.Time) {
			t.Errorf("%s is %s, written %s and read %s: %v", text, in, written, again, err)
		}
	})
}
