package main

import (
	"bytes"
	"errors"
	"io"
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
	b := &bucketArchive{name: "audit-logs", server: server, class: class}
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
