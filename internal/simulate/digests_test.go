package simulate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// found is a digest as it lies in the archive.
type found struct {
	*digest.Digest
	key  archive.Key
	name string
	body []byte
}

// chains reads the digests of an archive, by account and Region, in order of time.
func chains(t *testing.T, root string) map[string][]found {
	t.Helper()
	all := map[string][]found{}
	err := filepath.WalkDir(filepath.Join(root, "AWSLogs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "CloudTrail-Digest") {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := found{name: filepath.ToSlash(rel), body: gunzip(t, path)}
		if f.key, err = archive.ParseKey(f.name); err != nil {
			return err
		}
		if f.Digest, err = digest.Parse(f.body); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		chain := f.key.Account + " " + f.key.Region
		all[chain] = append(all[chain], f)
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("read %d chains: %v", len(all), err)
	}
	return all
}

func TestDigestsAreSignedAndChained(t *testing.T) {
	o := small(t)
	o.Days, o.EventsPerDay, o.Late = 3, 300, 0.1
	// The keys change while this archive is being delivered.
	o.Start = time.Unix(681*30*86400, 0).UTC().AddDate(0, 0, -1)
	s := mustRun(t, o)
	signatures := metadata(t, o.Out)
	keys := publicKeys(t, o.Out)
	listed := map[string]bool{}
	used := map[string]bool{}
	for name, chain := range chains(t, o.Out) {
		slices.SortFunc(chain, func(a, b found) int { return a.key.Delivered.Compare(b.key.Delivered) })
		for i, f := range chain {
			if f.DigestS3Object != f.name || f.DigestS3Bucket != s.Bucket || f.DigestEndTime != f.key.Delivered.Format(time.RFC3339) {
				t.Errorf("%s: says that it is %s/%s of %s", f.name, f.DigestS3Bucket, f.DigestS3Object, f.DigestEndTime)
			}
			key, ok := keys[f.DigestPublicKeyFingerprint]
			if !ok || f.key.Delivered.Before(key.ValidityStartTime.Time) || !f.key.Delivered.Before(key.ValidityEndTime.Time) {
				t.Fatalf("%s: signed with %s, which is not known or not valid then", f.name, f.DigestPublicKeyFingerprint)
			}
			used[f.DigestPublicKeyFingerprint] = true
			public, err := digest.ParsePublicKey(key.Value)
			if err != nil {
				t.Fatal(err)
			}
			if err := digest.Verify(public, f.Digest, f.body, signatures[f.name][digest.MetadataSignature]); err != nil {
				t.Error(err)
			}
			if got := signatures[f.name][digest.MetadataSignatureAlgorithm]; got != digest.SignatureAlgorithm {
				t.Errorf("%s: signature algorithm %q", f.name, got)
			}
			if f.IsStarting() != (i == 0) {
				t.Errorf("%s: number %d of its chain, starting: %v", f.name, i, f.IsStarting())
			}
			if i > 0 {
				checkLink(t, chain[i-1], f, signatures)
			}
			checkLogs(t, o.Out, f, listed)
		}
		if len(chain) < 3*24 {
			t.Errorf("%s: %d digests", name, len(chain))
		}
	}
	if len(used) != 2*o.Regions || len(keys) != len(used) {
		t.Errorf("%d keys signed, %d are published; want two in each of %d Regions", len(used), len(keys), o.Regions)
	}
	files := int64(0)
	eachLogFile(t, o.Out, func(f logFile) {
		files++
		if !listed[f.name] {
			t.Errorf("%s: in no digest", f.name)
		}
	})
	if int64(len(listed)) != files {
		t.Errorf("the digests list %d log files, there are %d", len(listed), files)
	}
}

func checkLink(t *testing.T, before, f found, signatures map[string]map[string]string) {
	t.Helper()
	hash := sha256.Sum256(before.body)
	if f.DigestStartTime != before.DigestEndTime || *f.PreviousDigestS3Object != before.name ||
		*f.PreviousDigestS3Bucket != before.DigestS3Bucket || *f.PreviousDigestHashValue != hex.EncodeToString(hash[:]) ||
		*f.PreviousDigestSignature != signatures[before.name][digest.MetadataSignature] {
		t.Errorf("%s: does not follow %s", f.name, before.name)
	}
}

// checkLogs checks the log files that f lists against those that are there.
func checkLogs(t *testing.T, root string, f found, listed map[string]bool) {
	t.Helper()
	start := f.key.Delivered.Add(-time.Hour)
	for _, l := range f.LogFiles {
		key, err := archive.ParseKey(l.S3Object)
		if err != nil || key.Account != f.key.Account || key.Region != f.key.Region {
			t.Errorf("%s: lists %s (%v)", f.name, l.S3Object, err)
		}
		if key.Delivered.Before(start.Truncate(time.Minute)) || !key.Delivered.Before(f.key.Delivered) {
			t.Errorf("%s: lists %s, which was delivered at another time", f.name, l.S3Object)
		}
		if listed[l.S3Object] {
			t.Errorf("%s: lists %s again", f.name, l.S3Object)
		}
		listed[l.S3Object] = true
		body := gunzip(t, filepath.Join(root, filepath.FromSlash(l.S3Object)))
		if hash := sha256.Sum256(body); hex.EncodeToString(hash[:]) != l.HashValue {
			t.Errorf("%s: has another hash for %s", f.name, l.S3Object)
		}
		if l.OldestEventTime > l.NewestEventTime || l.OldestEventTime < *f.OldestEventTime || l.NewestEventTime > *f.NewestEventTime {
			t.Errorf("%s: the times of %s do not fit", f.name, l.S3Object)
		}
	}
	if (len(f.LogFiles) == 0) != (f.NewestEventTime == nil) || (f.NewestEventTime == nil) != (f.OldestEventTime == nil) {
		t.Errorf("%s: %d log files, newest event %v", f.name, len(f.LogFiles), f.NewestEventTime)
	}
}

// metadata reads object-metadata.jsonl.
func metadata(t *testing.T, root string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for line := range strings.Lines(string(side(t, root, simulate.ObjectMetadataFile))) {
		var m simulate.ObjectMetadata
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		all[m.Key] = m.Metadata
	}
	return all
}

// publicKeys reads public-keys.json, by fingerprint.
func publicKeys(t *testing.T, root string) map[string]digest.PublicKey {
	t.Helper()
	list, err := digest.ParsePublicKeyList(side(t, root, simulate.PublicKeysFile))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]digest.PublicKey{}
	for _, k := range list {
		all[k.Fingerprint] = k
	}
	return all
}
