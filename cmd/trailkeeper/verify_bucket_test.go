package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/simulate"
	"github.com/cerpac/trailkeeper/internal/versitygwtest"
)

// bucketArchive is a simulated archive in a bucket that keeps versions.
type bucketArchive struct {
	client *s3.Client
	name   string
	server bucketServer
	folder string // the archive that was put into it
	keys   []string
	class  types.StorageClass
}

// bucketServer is a server with the API of S3, and its credentials.
type bucketServer struct{ url, access, secret string }

func onMoto(t *testing.T) bucketServer {
	t.Helper()
	return bucketServer{mototest.Start(t), "testing", "testing"}
}

// onGateway is on a server that knows retention of versions, which moto does not
// answer for.
func onGateway(t *testing.T) bucketServer {
	t.Helper()
	mototest.Environment(t)
	return bucketServer{versitygwtest.Start(t).URL, versitygwtest.AccessKey, versitygwtest.SecretKey}
}

// newBucketArchive puts a simulated archive of one account, Region and day into a bucket
// with versioning and Object Lock.
func newBucketArchive(t *testing.T, server bucketServer, class types.StorageClass) *bucketArchive {
	t.Helper()
	b := &bucketArchive{name: "meridian-audit-trail-logs", server: server, class: class}
	b.folder = simulated(t, func(o *simulate.Options) { o.Accounts, o.Regions, o.Days, o.EventsPerDay, o.Seed = 1, 1, 1, 100, 3 })
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(server.access, server.secret, "")))
	if err != nil {
		t.Fatal(err)
	}
	b.client = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle, o.BaseEndpoint = true, &server.url })
	locked := true
	if _, err := b.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.name, ObjectLockEnabledForBucket: &locked}); err != nil {
		t.Fatal(err)
	}
	source, err := dirarchive.New(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	err = source.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		if o.Skip != "" && o.Skip != archive.SkipDigest {
			return nil
		}
		body, attributes, err := source.Fetch(t.Context(), o)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(body)
		b.put(t, o.Key, text, attributes.Metadata)
		b.keys = append(b.keys, o.Key)
		return errors.Join(err, body.Close())
	})
	if err != nil || len(b.keys) == 0 {
		t.Fatalf("%d objects were put: %v", len(b.keys), err)
	}
	return b
}

func (b *bucketArchive) put(t *testing.T, key string, text []byte, metadata map[string]string) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: bytes.NewReader(text), Metadata: metadata, StorageClass: b.class}
	if _, err := b.client.PutObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (b *bucketArchive) remove(t *testing.T, key string, version *string) {
	t.Helper()
	if _, err := b.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.name, Key: &key, VersionId: version}); err != nil {
		t.Fatal(err)
	}
}

// logs and digests are the keys of each kind, in order.
func (b *bucketArchive) logs() []string { return b.kind("/CloudTrail/") }

func (b *bucketArchive) digests() []string { return b.kind("/CloudTrail-Digest/") }

func (b *bucketArchive) kind(folder string) (keys []string) {
	for _, key := range b.keys {
		if strings.Contains(key, folder) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// run runs the real program against the bucket's server, and returns what it
// writes and its exit code.
func (b *bucketArchive) run(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	cmd, stdout, stderr := trailkeeper(t, args...)
	cmd.Env = append(cmd.Env, b.environment()...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func (b *bucketArchive) environment() []string {
	return []string{"AWS_ENDPOINT_URL=" + b.server.url, "AWS_ACCESS_KEY_ID=" + b.server.access, "AWS_SECRET_ACCESS_KEY=" + b.server.secret,
		"AWS_REGION=us-east-1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1"}
}

// verify verifies the bucket up to the end of the simulated time.
func (b *bucketArchive) verify(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	return b.run(t, append([]string{"verify", "--archive", "s3://" + b.name, "--keys", filepath.Join(b.folder, "_simulate", "public-keys.json"),
		"--until", "2026-01-06"}, args...)...)
}

// restores are the commands in the output that bring objects back.
func restores(out string) (commands []string) {
	for line := range strings.Lines(out) {
		if _, command, ok := strings.Cut(strings.TrimSpace(line), "restore it: "); ok {
			commands = append(commands, command)
		}
	}
	return commands
}

// TestVersionsOfDamagedObjects deletes and overwrites objects of a bucket that keeps
// versions. The commands that verify prints bring the archive back.
func TestVersionsOfDamagedObjects(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed")
	}
	b := newBucketArchive(t, onGateway(t), "")
	if out, errs, code := b.verify(t); code != 0 {
		t.Fatalf("the whole archive: %d\n%s%s", code, out, errs)
	}
	logs, digests := b.logs(), b.digests()
	b.remove(t, logs[2], nil)
	b.put(t, logs[3], []byte("overwritten"), nil)
	b.remove(t, digests[5], nil)
	b.put(t, digests[7], []byte("overwritten"), nil)
	until := time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)
	versions, err := b.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &digests[7]})
	if err != nil || len(versions.Versions) != 2 {
		t.Fatalf("versions are %v (%v)", versions, err)
	}
	original := versions.Versions[1]
	_, err = b.client.PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{Bucket: &b.name, Key: &digests[7], VersionId: original.VersionId,
		Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: &until}})
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := b.verify(t)
	commands := restores(out)
	for _, want := range []string{
		"deleted 2", " by delete marker ", " is as it was proven\n", "replaced 2", "Object Lock of the version: none",
		"Object Lock of the version: GOVERNANCE until " + until.Format(time.RFC3339), "note: the bucket: versioning is on, Object Lock is on without a default retention",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q", want)
		}
	}
	if code != 1 || len(commands) != 4 {
		t.Fatalf("exit code %d, %d commands:\n%s%s", code, len(commands), out, errs)
	}
	if n := strings.Count(strings.Join(commands, "\n"), "delete-object"); n != 2 {
		t.Errorf("%d delete markers are removed, want 2:\n%s", n, out)
	}
	for _, command := range commands {
		cmd := exec.Command("sh", "-ec", command)
		cmd.Env = append(b.environment(), "PATH="+filepath.Dir(aws)+":"+os.Getenv("PATH"), "AWS_CONFIG_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", command, err, text)
		}
	}
	if out, errs, code := b.verify(t); code != 0 {
		t.Errorf("after the commands: %d\n%s%s", code, out, errs)
	}
}

// TestLive compares with what CloudTrail says in place of which a server answers.
func TestLive(t *testing.T) {
	b := newBucketArchive(t, onMoto(t), "")
	newest, refused := time.Date(2026, 1, 6, 2, 4, 0, 0, time.UTC), "none"
	digest, err := archive.ParseKey(b.digests()[0])
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if r.URL.Path == "/listRegions" {
			fmt.Fprintf(w, `{"Regions":[{"RegionName":%q}]}`, digest.Region)
			return
		}
		switch target[strings.LastIndexByte(target, '.')+1:] {
		case "":
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>", digest.Account)
		case refused:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"no"}`)
		case "DescribeTrails":
			fmt.Fprintf(w, `{"trailList":[{"Name":%q,"HomeRegion":%q,"S3BucketName":%q,"LogFileValidationEnabled":true,"TrailARN":"arn:aws:cloudtrail:us-east-1:1:trail/x"}]}`, digest.Trail, digest.HomeRegion, b.name)
		default:
			fmt.Fprintf(w, `{"IsLogging":false,"LatestDigestDeliveryTime":%d}`, newest.Unix())
		}
	}))
	defer server.Close()
	live := func(want int, texts ...string) {
		t.Helper()
		cmd, stdout, stderr := trailkeeper(t, "verify", "--live", "--archive", "s3://"+b.name, "--keys", filepath.Join(b.folder, "_simulate", "public-keys.json"))
		cmd.Env = append(append(cmd.Env, b.environment()...), "AWS_ENDPOINT_URL_CLOUDTRAIL="+server.URL, "AWS_ENDPOINT_URL_STS="+server.URL, "AWS_MAX_ATTEMPTS=2")
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("exit code %d, want %d\n%s%s", code, want, stdout, stderr)
		}
		for _, text := range texts {
			if !strings.Contains(stdout.String(), text) {
				t.Errorf("the output has no %q:\n%s", text, stdout)
			}
		}
	}
	live(0, "26 = 26 valid", "note: trail \"meridian-audit-trail\" of us-east-1, account "+digest.Account+" in us-east-1: it is not logging")
	newest = newest.Add(5 * time.Hour)
	live(1, "missing       hours 2026-01-06T01:55:18Z to 2026-01-06T06:55:18Z", "5 later ones are not in the archive")
	refused = "GetTrailStatus"
	live(1, "denied        chain of account unknown in us-east-1", "the credentials need cloudtrail:GetTrailStatus", "missing       hours")
	refused, newest = "none", newest.Add(-5*time.Hour)
	b.remove(t, b.digests()[0], nil)
	live(1, "not in the archive, as all digests before it: no lifecycle rule of the bucket explains it", "restore it: aws s3api delete-object")
	if _, errs, code := b.run(t, "verify", "--live", "--archive", b.folder, "--key-store", t.TempDir()); code != 2 || !strings.Contains(errs, "--live needs the trail's bucket") {
		t.Errorf("a folder: %d, %s", code, errs)
	}
}

// What was removed for good, and what nobody can prove, is said.
func TestVersionsThatDoNotHelp(t *testing.T) {
	b := newBucketArchive(t, onGateway(t), "")
	logs := b.logs()
	versions, err := b.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &logs[2]})
	if err != nil {
		t.Fatal(err)
	}
	b.remove(t, logs[2], versions.Versions[0].VersionId)
	extra := logs[5][:len(logs[5])-len("0.json.gz")] + "Z.json.gz"
	b.put(t, extra, []byte("forged"), nil)
	out, errs, code := b.verify(t, "--format", "jsonl")
	for _, want := range []string{`"the bucket has no version of it"`, `"remedy":{"text":"written 2`} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %s", want)
		}
	}
	if code != 1 || strings.Contains(out, `"commands"`) {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
}
