package scan

import (
	"strings"

	"github.com/cerpac/trailkeeper/archive"
)

// NewStream returns the stream of a member of a file in the archive with a URI,
// or of the file itself if member is empty.
func NewStream(uri string, f *File, member string) Stream {
	s := Stream{File: f, Member: member, LogFile: LogFile(uri, f.Key), Account: f.Info.Account}
	if member == "" {
		return s
	}
	s.LogFile += "!" + member
	if info := memberKey(member); info.Account != "" {
		s.Account = info.Account
	}
	return s
}

// LogFile returns the name of an object for records: one line of text, whatever
// bytes its key has.
func LogFile(uri, key string) string {
	if name, ok := BucketName(uri, key); ok {
		return archive.TextName(name)
	}
	return key // of a folder, and escaped by it
}

// BucketName returns the full name of a key in the bucket of an archive's URI;
// ok is false if the archive is a folder.
func BucketName(uri, key string) (name string, ok bool) {
	bucket, ok := strings.CutPrefix(uri, "s3://")
	if !ok {
		return "", false
	}
	bucket, _, _ = strings.Cut(bucket, "/")
	return "s3://" + bucket + "/" + key, true
}

// memberKey returns what can be parsed from the name of a member, as from the
// key of an object.
func memberKey(member string) archive.Key {
	name := member[strings.LastIndexByte(member, '!')+1:]
	info, _ := archive.ParseKey(name) // holds what could be parsed in spite of an error
	return info
}

// memberSkip returns the reason for skipping a member by its name, or "". The
// listing skips objects for the same reasons.
func memberSkip(member string) string {
	for _, part := range strings.FieldsFunc(member, func(r rune) bool { return r == '/' || r == '!' }) {
		if part != "." && part != ".." && (part[0] == '.' || part[0] == '_') {
			return archive.SkipHidden
		}
	}
	return archive.Filter{}.Skip(memberKey(member))
}
