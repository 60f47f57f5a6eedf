package s3archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/archive"
)

// maxVersionPages bounds how many requests list the versions of one object, of a
// thousand each.
const maxVersionPages = 10

// Versions returns the versions and delete markers of an object, the newest first.
// Without versioning it is the object alone, and none if there is no object. It
// needs s3:ListBucketVersions.
func (s *Source) Versions(ctx context.Context, key string) ([]archive.Version, error) {
	var list []archive.Version
	in := &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &key, EncodingType: types.EncodingTypeUrl}
	for page := 0; ; page++ {
		var out *s3.ListObjectVersionsOutput
		err := s.call(func(inRegion func(*s3.Options)) (err error) {
			out, err = s.client.ListObjectVersions(ctx, in, inRegion)
			return err
		})
		if err != nil {
			return nil, fail(ctx, "list versions of", s.uriOf(key), err)
		}
		more := versionsOf(out, key)
		list = append(list, more...)
		next, _ := decodeKey(out.EncodingType, out.NextKeyMarker)
		if out.IsTruncated == nil || !*out.IsTruncated || next != key || page == maxVersionPages {
			break // other keys begin with this one
		}
		in.KeyMarker, in.VersionIdMarker = &key, out.NextVersionIdMarker
	}
	// The time tells whole seconds only: then the latest was written last, and a
	// marker after what it hides.
	slices.SortStableFunc(list, func(a, b archive.Version) int {
		return cmp.Or(rank(b.Latest)-rank(a.Latest), b.Modified.Compare(a.Modified), rank(b.Marker)-rank(a.Marker))
	})
	return list, nil
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func versionsOf(out *s3.ListObjectVersionsOutput, key string) (list []archive.Version) {
	add := func(name *string, v archive.Version, owner *types.Owner) {
		if got, err := decodeKey(out.EncodingType, name); err != nil || got != key {
			return
		}
		if owner != nil {
			v.Owner = cmp.Or(value(owner.DisplayName), value(owner.ID))
		}
		v.Modified = v.Modified.UTC()
		list = append(list, v)
	}
	for _, v := range out.Versions {
		version := archive.Version{ID: value(v.VersionId), Latest: v.IsLatest != nil && *v.IsLatest}
		if v.LastModified != nil {
			version.Modified = *v.LastModified
		}
		if v.Size != nil {
			version.Size = *v.Size
		}
		add(v.Key, version, v.Owner)
	}
	for _, m := range out.DeleteMarkers {
		version := archive.Version{ID: value(m.VersionId), Latest: m.IsLatest != nil && *m.IsLatest, Marker: true}
		if m.LastModified != nil {
			version.Modified = *m.LastModified
		}
		add(m.Key, version, m.Owner)
	}
	return list
}

func decodeKey(encoding types.EncodingType, key *string) (string, error) {
	if encoding != types.EncodingTypeUrl {
		return value(key), nil
	}
	return url.QueryUnescape(value(key))
}

// FetchVersion is Fetch of one version of an object. It needs s3:GetObjectVersion.
func (s *Source) FetchVersion(ctx context.Context, key, version string) (io.ReadCloser, archive.Attributes, error) {
	b := &body{ctx: ctx, source: s, key: key, version: &version, size: -1}
	if err := b.connect(); err != nil {
		return nil, archive.Attributes{}, fail(ctx, "open", s.uriOf(key)+"?versionId="+version, err)
	}
	return b, b.attributes, nil
}

// Lock returns the state of Object Lock of a version of an object. It needs
// s3:GetObjectRetention and s3:GetObjectLegalHold.
func (s *Source) Lock(ctx context.Context, key, version string) (archive.Lock, error) {
	var lock archive.Lock
	err := s.call(func(inRegion func(*s3.Options)) error {
		out, err := s.client.GetObjectRetention(ctx, &s3.GetObjectRetentionInput{Bucket: &s.bucket, Key: &key, VersionId: &version}, inRegion)
		if err != nil || out.Retention == nil {
			return unlocked(err)
		}
		lock.Mode = string(out.Retention.Mode)
		if out.Retention.RetainUntilDate != nil {
			lock.Until = out.Retention.RetainUntilDate.UTC()
		}
		return nil
	})
	if err != nil {
		return archive.Lock{}, fail(ctx, "get retention of", s.uriOf(key), err)
	}
	err = s.call(func(inRegion func(*s3.Options)) error {
		out, err := s.client.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{Bucket: &s.bucket, Key: &key, VersionId: &version}, inRegion)
		if err != nil || out.LegalHold == nil {
			return unlocked(err)
		}
		lock.LegalHold = out.LegalHold.Status == types.ObjectLockLegalHoldStatusOn
		return nil
	})
	if err != nil {
		return archive.Lock{}, fail(ctx, "get legal hold of", s.uriOf(key), err)
	}
	return lock, nil
}

// unlocked returns nil for the errors by which S3 says that there is no lock: on
// the version, or in the bucket at all.
func unlocked(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "InvalidRequest":
		return nil
	}
	return err
}

// Protection is what a bucket does to keep its objects.
type Protection struct {
	// Versioning is Enabled, Suspended or empty.
	Versioning string `json:"versioning,omitempty"`
	// ObjectLock reports whether versions can be locked. Mode, Days and Years are
	// the retention that new versions get by default.
	ObjectLock bool   `json:"object_lock"`
	Mode       string `json:"default_mode,omitempty"`
	Days       int32  `json:"default_days,omitempty"`
	Years      int32  `json:"default_years,omitempty"`
}

// Protection asks what the bucket does to keep its objects. It needs
// s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration.
func (s *Source) Protection(ctx context.Context) (Protection, error) {
	var p Protection
	err := s.call(func(inRegion func(*s3.Options)) error {
		out, err := s.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &s.bucket}, inRegion)
		if err == nil {
			p.Versioning = string(out.Status)
		}
		return err
	})
	if err != nil {
		return Protection{}, fail(ctx, "get versioning of", s.uriOf(""), err)
	}
	err = s.call(func(inRegion func(*s3.Options)) error {
		out, err := s.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &s.bucket}, inRegion)
		if err != nil {
			return unlocked(err)
		}
		p.setLock(out.ObjectLockConfiguration)
		return nil
	})
	if err != nil {
		return Protection{}, fail(ctx, "get Object Lock of", s.uriOf(""), err)
	}
	return p, nil
}

func (p *Protection) setLock(c *types.ObjectLockConfiguration) {
	if c == nil {
		return
	}
	p.ObjectLock = c.ObjectLockEnabled == types.ObjectLockEnabledEnabled
	if c.Rule == nil || c.Rule.DefaultRetention == nil {
		return
	}
	r := c.Rule.DefaultRetention
	p.Mode = string(r.Mode)
	if r.Days != nil {
		p.Days = *r.Days
	}
	if r.Years != nil {
		p.Years = *r.Years
	}
}

// String describes the protection in words.
func (p Protection) String() string {
	text := "versioning is off"
	switch p.Versioning {
	case string(types.BucketVersioningStatusEnabled):
		text = "versioning is on"
	case string(types.BucketVersioningStatusSuspended):
		text = "versioning is suspended"
	}
	switch {
	case !p.ObjectLock:
		return text + ", without Object Lock"
	case p.Mode == "":
		return text + ", Object Lock is on without a default retention"
	case p.Years > 0:
		return fmt.Sprintf("%s, new versions are locked in mode %s for %d years", text, p.Mode, p.Years)
	}
	return fmt.Sprintf("%s, new versions are locked in mode %s for %d days", text, p.Mode, p.Days)
}

// UndeleteCommand is the command of the AWS CLI that removes a delete marker, so
// that the version below it is the current one again.
func (s *Source) UndeleteCommand(key, marker string) string {
	return s.command("delete-object", "--bucket", s.bucket, "--key", key, "--version-id", marker)
}

// CopyBackCommand is the command of the AWS CLI that writes a version of an object
// again, with its metadata, as the current one.
func (s *Source) CopyBackCommand(key, version string) string {
	from := s.bucket + "/" + strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") + "?versionId=" + url.QueryEscape(version)
	return s.command("copy-object", "--bucket", s.bucket, "--key", key, "--copy-source", strings.ReplaceAll(from, "+", "%20"))
}

// command is a command of aws s3api with the settings of this source, quoted for a
// POSIX shell.
func (s *Source) command(operation string, args ...string) string {
	words := append([]string{"aws", "s3api", operation}, args...)
	if s.opts.Profile != "" {
		words = append(words, "--profile", s.opts.Profile)
	}
	if region := s.region.Load(); region != nil {
		words = append(words, "--region", *region)
	}
	if s.opts.Endpoint != "" {
		words = append(words, "--endpoint-url", s.opts.Endpoint)
	}
	for i, word := range words {
		words[i] = quoteWord(word)
	}
	return strings.Join(words, " ")
}

// quoteWord quotes a word for a POSIX shell where it needs that.
func quoteWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	if strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return dollarQuoted(word)
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// dollarQuoted quotes a word that has control characters or bytes that are not
// UTF-8, which must not reach a terminal, as bash and POSIX 2024 read it.
func dollarQuoted(word string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(word) {
		if c := word[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c) // hexadecimal digits would go on with the next character
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + "'"
}
