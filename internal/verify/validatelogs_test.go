package verify_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// TestValidateLogs compares with `aws cloudtrail validate-logs` on the same
// archives: what it calls invalid is bad here, too, and where only we find
// something, the reason is a weakness of it that is named here.
func TestValidateLogs(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed, so its validate-logs is not compared with")
	}
	whole, b := eightHours(t)
	remove := func(keys ...string) func(memory) {
		return func(m memory) {
			for _, key := range keys {
				delete(m, key)
			}
		}
	}
	do := func(name, key string) func(memory) {
		i := slices.IndexFunc(changes, func(c change) bool { return c.name == name })
		return func(m memory) { changes[i].do(t, m, key) }
	}
	replaced := func(m memory) {
		d := m.digest(t, b.digests[4])
		d.LogFiles = d.LogFiles[:1]
		m.put(t, b.digests[4], d, keyPair())
	}
	forged := func(m memory) {
		extra := newBuilder(m, "extra")
		extra.log(t, begin.Add(3*time.Hour), "{}")
	}
	withoutTrailer := func(m memory) {
		s := m[b.logs[5]]
		s.body = s.body[:len(s.body)-8]
		m[b.logs[5]] = s
	}
	decoy := func(m memory) {
		other := newBuilder(m, "main_"+region+"_bar")
		for range 8 {
			other.hour(t, 1)
		}
		remove(b.digests[2:]...)(m)
	}
	for _, test := range []struct {
		name     string
		damage   func(memory)
		weakness string // of validate-logs, that lets it pass what we do not
	}{
		{"clean", func(memory) {}, ""},
		{"a log file changed", do("change the text", b.logs[5]), ""},
		{"a log file deleted", remove(b.logs[5]), ""},
		{"a log file with more", do("append a gzip member", b.logs[5]), "before 2026-05, data after the first gzip member are ignored"},
		{"a digest changed", do("change the text", b.digests[4]), ""},
		{"a digest deleted", remove(b.digests[4]), ""},
		{"a digest that is another one", do("replace by another object", b.digests[4]), ""},
		{"a digest that is not gzip", do("not gzip", b.digests[4]), ""},
		{"a digest with more", do("append a gzip member", b.digests[4]), "data after the first gzip member of a digest are ignored"},
		{"a log file without its trailer", withoutTrailer, "the checksum at the end of a gzip member is not asked for"},
		{"a digest replaced by a signed one", replaced, "the hash that the next digest names is not compared"},
		{"a forged log file", forged, "only log files that a digest lists are looked at"},
		{"the newest digests deleted", remove(b.digests[5:]...), "nothing says how far the chain should reach"},
		{"all digests deleted", remove(b.digests...), "no digests are no failure"},
		{"another trail's chain", decoy, "a trail whose name begins alike is taken for it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := whole.clone()
			test.damage(m)
			output, code := validateLogs(t, aws, m, b.end)
			bad, sum := run(t, m, keys(), verify.Options{Trails: []verify.Trail{{Name: "main", HomeRegion: region}}, Until: b.end, Now: b.end})
			if test.name == "a forged log file" { // the only trail, so every log file is in its digests
				bad, sum = run(t, m, keys(), verify.Options{})
			}
			clean := !sum.Bad() && !sum.Unknown() && sum.Digests.Total() > 0
			switch {
			case code != 0 && code != 1:
				t.Fatalf("validate-logs ends with %d:\n%s", code, output)
			case code == 1 && !sum.Bad():
				t.Errorf("validate-logs finds something that we do not: %q\n%s", lines(bad), output)
			case code == 0 && clean != (test.weakness == ""):
				t.Errorf("validate-logs ends with %d, we are clean: %t; the weakness is %q: %q\n%s", code, clean, test.weakness, lines(bad), output)
			}
		})
	}
}

// validateLogs runs the AWS CLI over the chain "main" of an archive in memory.
func validateLogs(t *testing.T, aws string, m memory, end time.Time) (output string, code int) {
	t.Helper()
	return runValidateLogs(t, aws, awsServer{m: m, trail: "main", region: region, account: account, bucket: bucket,
		keys: []digest.PublicKey{published(keyPair())}}, begin, end)
}

func runValidateLogs(t *testing.T, aws string, s awsServer, from, to time.Time) (output string, code int) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), aws, "cloudtrail", "validate-logs", "--verbose", "--region", s.region,
		"--trail-arn", s.arn(), "--start-time", from.Format(time.RFC3339), "--end-time", to.Format(time.RFC3339))
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") }),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"AWS_CONFIG_FILE=/nonexistent", "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// awsServer answers what validate-logs asks of S3 and CloudTrail.
type awsServer struct {
	m                              memory
	trail, region, account, bucket string
	keys                           []digest.PublicKey
}

func (s awsServer) arn() string {
	return "arn:aws:cloudtrail:" + s.region + ":" + s.account + ":trail/" + s.trail
}

func (s awsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	object, ok := s.m[key]
	switch {
	case strings.HasSuffix(target, ".ListPublicKeys"):
		answer(w, digest.PublicKeyList{PublicKeyList: s.keys})
	case strings.HasSuffix(target, ".DescribeTrails"):
		answer(w, map[string]any{"trailList": []any{map[string]any{"Name": s.trail, "S3BucketName": s.bucket, "HomeRegion": s.region,
			"TrailARN": s.arn(), "IsMultiRegionTrail": true}}})
	case r.URL.Query().Has("location"):
		fmt.Fprintf(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</LocationConstraint>`, s.region)
	case key == "":
		s.list(w, r.URL.Query().Get("prefix"), r.URL.Query().Get("marker"))
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
	default:
		for name, value := range object.metadata {
			w.Header()["x-amz-meta-"+name] = []string{value} // lower case on the wire, as S3 writes it and the CLI expects
		}
		_, _ = w.Write(object.body)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(v)
}

func (s awsServer) list(w http.ResponseWriter, prefix, marker string) {
	type object struct{ Key string }
	var result struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []object
	}
	for _, key := range sorted(s.m) {
		if strings.HasPrefix(key, prefix) && key > marker {
			result.Contents = append(result.Contents, object{key})
		}
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(result)
}
