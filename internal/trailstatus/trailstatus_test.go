package trailstatus_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/trailstatus"
)

// aws answers in place of CloudTrail and STS. refused is the operation that it
// does not permit.
type aws struct {
	refused string
	asked   []string // Region and operation
}

func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	target := r.Header.Get("X-Amz-Target")
	operation := target[strings.LastIndexByte(target, '.')+1:]
	switch {
	case r.URL.Path == "/listRegions":
		operation = "ListRegions"
	case operation == "":
		operation = "GetCallerIdentity"
	}
	a.asked = append(a.asked, strings.Split(scope, "/")[2]+" "+operation)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch operation {
	case a.refused:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"User x is not authorized"}`)
	case "ListRegions":
		fmt.Fprint(w, `{"Regions":[{"RegionName":"eu-central-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},{"RegionName":"eu-south-1","RegionOptStatus":"ENABLED"}]}`)
	case "GetCallerIdentity":
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case "DescribeTrails":
		fmt.Fprint(w, `{"trailList":[{"Name":"main","HomeRegion":"eu-central-1","S3BucketName":"example-logs","LogFileValidationEnabled":true,
			"TrailARN":"arn:aws:cloudtrail:eu-central-1:111122223333:trail/main"}]}`)
	case "GetTrailStatus":
		fmt.Fprint(w, `{"IsLogging":true,"LatestDigestDeliveryTime":1767571200.5,"LatestDigestDeliveryError":"AccessDenied","StopLoggingTime":1767484800}`)
	}
}

func serve(t *testing.T, a *aws) {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-west-2",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} {
		t.Setenv(name, value)
	}
}

func TestTrails(t *testing.T) {
	a := &aws{}
	serve(t, a)
	c := trailstatus.New("")
	for _, region := range []string{"eu-central-1", "us-east-1"} {
		account, got, err := c.Trails(t.Context(), region)
		if err != nil || account != "111122223333" {
			t.Fatal(err)
		}
		want := []trailstatus.Trail{{Name: "main", HomeRegion: "eu-central-1",
			Bucket: "example-logs", Validation: true, Logging: true, Digest: time.UnixMilli(1767571200500).UTC(), DigestError: "AccessDenied",
			Stopped: time.Unix(1767484800, 0).UTC()}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if regions, err := c.Regions(t.Context(), "eu-central-1"); err != nil || fmt.Sprint(regions) != "[eu-central-1 eu-south-1]" {
		t.Error(regions, err)
	}
	want := []string{"us-west-2 GetCallerIdentity", "eu-central-1 DescribeTrails", "eu-central-1 GetTrailStatus",
		"us-east-1 DescribeTrails", "us-east-1 GetTrailStatus", "us-west-2 ListRegions"}
	if diff := cmp.Diff(want, a.asked); diff != "" {
		t.Error(diff)
	}
}

func TestRegionsDenied(t *testing.T) {
	serve(t, &aws{refused: "ListRegions"})
	_, err := trailstatus.New("").Regions(t.Context(), "eu-central-1")
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the credentials need account:ListRegions") {
		t.Error(err)
	}
}

func TestDenied(t *testing.T) {
	for _, operation := range []string{"DescribeTrails", "GetTrailStatus"} {
		serve(t, &aws{refused: operation})
		_, _, err := trailstatus.New("").Trails(t.Context(), "eu-central-1")
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the credentials need cloudtrail:"+operation) {
			t.Errorf("%s: error is %v", operation, err)
		}
	}
}
