package simulate_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/simulate"
)

// TestValidateLogs lets the AWS CLI judge the digests: `aws cloudtrail
// validate-logs`, talking to a server that serves a simulated folder.
func TestValidateLogs(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed, so its validate-logs has not judged the digests")
	}
	for _, organization := range []bool{false, true} {
		t.Run(fmt.Sprintf("organization=%v", organization), func(t *testing.T) {
			t.Parallel()
			o := small(t)
			o.Days, o.EventsPerDay, o.Late, o.Organization = 1, 500, 0.05, organization
			summary := mustRun(t, o)
			cli := &validator{aws: aws, endpoint: serveArchive(t, o.Out, summary), summary: summary}
			for _, region := range summary.Regions {
				cli.expectValid(t, region)
			}
			victim := someLogFile(t, o.Out, cli.account().ID, summary.Regions[0])
			flipByte(t, filepath.Join(o.Out, victim))
			cli.expectInvalid(t, victim, "hash value doesn't match|invalid format")
			if err := os.Remove(filepath.Join(o.Out, victim)); err != nil {
				t.Fatal(err)
			}
			cli.expectInvalid(t, victim, "not found")
		})
	}
}

// validator runs validate-logs on one account of an archive.
type validator struct {
	aws, endpoint string
	summary       *simulate.Summary
}

// account is the one whose chains are validated: of an organization, a member.
func (v *validator) account() simulate.SummaryAccount {
	if v.summary.Org != "" {
		return v.summary.Accounts[1]
	}
	return v.summary.Accounts[0]
}

func (v *validator) run(t *testing.T, region string) (output string, code int) {
	t.Helper()
	args := []string{"cloudtrail", "validate-logs", "--verbose", "--trail-arn", v.account().TrailARN, "--region", region,
		"--start-time", "2026-01-04T00:00:00Z", "--end-time", "2026-01-09T00:00:00Z"}
	if v.summary.Org != "" {
		args = append(args, "--account-id", v.account().ID)
	}
	cmd := exec.CommandContext(t.Context(), v.aws, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") }),
		"AWS_ENDPOINT_URL="+v.endpoint, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"AWS_CONFIG_FILE=/nonexistent", "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// expectValid checks that every digest and log file of the chain was found valid.
func (v *validator) expectValid(t *testing.T, region string) {
	t.Helper()
	out, code := v.run(t, region)
	if code != 0 || strings.Contains(out, "INVALID") {
		t.Fatalf("%s: validate-logs ends with %d:\n%s", region, code, tail(out))
	}
	account := v.account().ID
	digests, files := 0, int64(0)
	for _, c := range v.summary.Chains {
		if c.Account == account && c.Region == region {
			digests = c.Digests
		}
	}
	for _, d := range v.summary.Days {
		if d.Account == account && d.Region == region {
			files += d.Files
		}
	}
	for _, want := range []string{
		fmt.Sprintf("%d/%d digest files valid", digests, digests),
		fmt.Sprintf("%d/%d log files valid", files, files),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s: %q is not in\n%s", region, want, tail(out))
		}
	}
}

func (v *validator) expectInvalid(t *testing.T, key, reason string) {
	t.Helper()
	out, code := v.run(t, v.summary.Regions[0])
	line := regexp.MustCompile(`Log file\ts3://` + v.summary.Bucket + "/" + regexp.QuoteMeta(key) + `\tINVALID: (` + reason + `)`)
	if code != 1 || !line.MatchString(out) {
		t.Errorf("validate-logs ends with %d and does not name %s:\n%s", code, key, tail(out))
	}
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// someLogFile returns the key of a log file in the middle of the chain.
func someLogFile(t *testing.T, root, account, region string) string {
	t.Helper()
	var found []string
	eachLogFile(t, root, func(f logFile) {
		if f.key.Account == account && f.key.Region == region {
			found = append(found, f.name)
		}
	})
	if len(found) == 0 {
		t.Fatalf("no log file of %s in %s", account, region)
	}
	return found[len(found)/2]
}

func flipByte(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// serveArchive answers, from the folder, what validate-logs asks of S3,
// CloudTrail and Organizations. It returns the endpoint's URL.
func serveArchive(t *testing.T, root string, s *simulate.Summary) string {
	t.Helper()
	server := httptest.NewServer(&fakeAWS{root, s, metadata(t, root)})
	t.Cleanup(server.Close)
	return server.URL
}

type fakeAWS struct {
	root     string
	summary  *simulate.Summary
	metadata map[string]map[string]string
}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		f.api(w, target)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch {
	case bucket != f.summary.Bucket:
		http.Error(w, "<Error><Code>NoSuchBucket</Code></Error>", http.StatusNotFound)
	case query.Has("location"):
		fmt.Fprintf(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</LocationConstraint>`, f.summary.Home)
	case key == "":
		f.list(w, query.Get("prefix"), query.Get("marker"))
	default:
		f.object(w, key)
	}
}

// api answers the JSON protocols.
func (f *fakeAWS) api(w http.ResponseWriter, target string) {
	var answer any
	switch {
	case strings.HasSuffix(target, ".ListPublicKeys"):
		b, err := os.ReadFile(filepath.Join(f.root, simulate.SideFolder, simulate.PublicKeysFile))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer = json.RawMessage(b)
	case strings.HasSuffix(target, ".DescribeTrails"):
		answer = map[string]any{"trailList": []any{map[string]any{
			"Name": f.summary.Trail, "S3BucketName": f.summary.Bucket, "TrailARN": f.summary.Accounts[0].TrailARN,
			"HomeRegion": f.summary.Home, "IsMultiRegionTrail": true, "IsOrganizationTrail": f.summary.Org != "",
		}}}
	case strings.HasSuffix(target, ".DescribeOrganization"):
		answer = map[string]any{"Organization": map[string]any{"Id": f.summary.Org}}
	default:
		http.Error(w, `{"__type":"UnknownOperationException"}`, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (f *fakeAWS) list(w http.ResponseWriter, prefix, marker string) {
	type object struct{ Key string }
	var result struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		Name        string
		IsTruncated bool
		NextMarker  string
		Contents    []object
	}
	result.Name = f.summary.Bucket
	err := filepath.WalkDir(f.root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(f.root, name)
		key = filepath.ToSlash(key)
		if strings.HasPrefix(key, prefix) && key > marker {
			result.Contents = append(result.Contents, object{key})
		}
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	slices.SortFunc(result.Contents, func(a, b object) int { return strings.Compare(a.Key, b.Key) })
	if page := 40; len(result.Contents) > page {
		result.Contents, result.IsTruncated = result.Contents[:page], true
		result.NextMarker = result.Contents[page-1].Key
	}
	var b bytes.Buffer
	if err := xml.NewEncoder(&b).Encode(result); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	_, _ = w.Write(b.Bytes())
}

func (f *fakeAWS) object(w http.ResponseWriter, key string) {
	b, err := os.ReadFile(filepath.Join(f.root, filepath.FromSlash(key)))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
		return
	}
	for name, value := range f.metadata[key] {
		w.Header()["x-amz-meta-"+name] = []string{value} // lower case on the wire, as S3 writes it and the CLI expects
	}
	_, _ = w.Write(b)
}
