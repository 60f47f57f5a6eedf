package archive

import (
	"fmt"
	"strings"
	"time"
)

// Kind is the folder CloudTrail puts a file in, and the second part of its name.
type Kind string

// The folders of CloudTrail. All but Digest hold events.
const (
	Logs            Kind = "CloudTrail"
	Insight         Kind = "CloudTrail-Insight"
	NetworkActivity Kind = "CloudTrail-NetworkActivity"
	Aggregated      Kind = "CloudTrail-Aggregated"
	Digest          Kind = "CloudTrail-Digest"
)

func isKind(s string) bool {
	switch Kind(s) {
	case Logs, Insight, NetworkActivity, Aggregated, Digest:
		return true
	}
	return false
}

// Key is an object key of CloudTrail, in its parts:
//
//	[PREFIX/]AWSLogs/[o-ORG/]ACCOUNT/KIND/REGION/YYYY/MM/DD/ACCOUNT_KIND_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz
//	[PREFIX/]AWSLogs/[o-ORG/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHMMSSZ[_backfill].json.gz
//
// The grammar is that of the CloudTrail user guide, "Getting and viewing your
// CloudTrail log files" and "CloudTrail digest file structure". To compose a key,
// fill the parts and call String.
type Key struct {
	// Prefix is the part before AWSLogs, without the slash; for a flat key, the
	// whole folder.
	Prefix string
	// Organization is the organization's id, o-..., of an organization trail.
	Organization string
	// Account is the 12 digits of the account whose activity was recorded.
	Account string
	Kind    Kind
	Region  string
	// Day is the folder's day, midnight UTC. When it is zero String takes the day
	// of Delivered.
	Day time.Time
	// Delivered is the time in the name, UTC: of a log file when it was delivered,
	// to the minute; of a digest the end of its hour, to the second.
	Delivered time.Time
	// Unique is the part of a log file's name that keeps it from overwriting
	// another; it has no meaning.
	Unique string

	// Trail and HomeRegion name the trail of a digest; Backfill says that it lists
	// files an earlier digest had missed.
	Trail      string
	HomeRegion string
	Backfill   bool

	// Ext is ".json.gz" (also when empty) or ".json".
	Ext string
	// Name is the file name if it does not have the form above, such as the
	// names of 2014 that have no underscore before UNIQUE. The other parts then
	// hold what could be parsed from the name, and String writes Name unchanged.
	Name string
	// Flat reports that the file is not in CloudTrail's folders: String writes
	// only Prefix and the name, and the other parts hold what could be parsed
	// from both.
	Flat bool
}

// DigestTime is the layout of the time in a digest's name.
const DigestTime = "20060102T150405Z"

// Layouts of the times in file names.
const (
	minuteLayout = "20060102T1504Z"
	secondLayout = DigestTime
	dayLayout    = "2006/01/02"
)

// String returns the key. For a key from ParseKey it is the parsed text, byte
// for byte.
func (k Key) String() string {
	var b strings.Builder
	b.Grow(192)
	if k.Prefix != "" {
		b.WriteString(k.Prefix)
		b.WriteByte('/')
	}
	if !k.Flat {
		k.writeFolders(&b)
	}
	k.writeName(&b)
	return b.String()
}

func (k Key) writeFolders(b *strings.Builder) {
	b.WriteString("AWSLogs/")
	if k.Organization != "" {
		b.WriteString(k.Organization)
		b.WriteByte('/')
	}
	day := k.Day
	if day.IsZero() {
		day = k.Delivered
	}
	for _, part := range []string{k.Account, string(k.Kind), k.Region, day.UTC().Format(dayLayout)} {
		b.WriteString(part)
		b.WriteByte('/')
	}
}

func (k Key) writeName(b *strings.Builder) {
	if k.Name != "" {
		b.WriteString(k.Name)
		return
	}
	fmt.Fprintf(b, "%s_%s_%s_", k.Account, k.Kind, k.Region)
	if k.Kind == Digest {
		fmt.Fprintf(b, "%s_%s_%s", k.Trail, k.HomeRegion, k.Delivered.UTC().Format(secondLayout))
		if k.Backfill {
			b.WriteString(backfillTail)
		}
	} else {
		fmt.Fprintf(b, "%s_%s", k.Delivered.UTC().Format(minuteLayout), k.Unique)
	}
	if k.Ext == "" {
		b.WriteString(extGzip)
	} else {
		b.WriteString(k.Ext)
	}
}

// ParseKey parses an object key, or a path below an archive's folder. It
// accepts keys in CloudTrail's folders whatever their name, and keys elsewhere
// whose folders or name have an account or a Region.
//
// It rejects keys without either, and keys with a date that does not exist. The
// Key returned with an error still holds what could be parsed.
func ParseKey(key string) (Key, error) {
	slash := strings.LastIndexByte(key, '/')
	dir, name := key[:max(slash, 0)], key[slash+1:]
	if name == "" || slash == 0 {
		return Key{}, fmt.Errorf("parse key %q: no file name", key)
	}
	k, nameErr := parseName(name)
	f := parseFolder(dir)
	if f.level == atDay && f.anchored && f.whole && !leadingSlash(dir, f) && k.agreesWith(f) {
		k.Prefix, k.Organization = f.Prefix, f.Organization
		k.Account, k.Kind, k.Region, k.Day = f.Account, f.Kind, f.Region, f.From
	} else {
		k.Flat, k.Prefix = true, dir
		k.fillFrom(f)
	}
	switch {
	case f.badDate != "":
		return k, fmt.Errorf("parse key %q: folder %q is not a date", key, f.badDate)
	case nameErr != nil:
		return k, fmt.Errorf("parse key %q: %w", key, nameErr)
	case k.Account == "" && k.Region == "":
		return Key{}, fmt.Errorf("parse key %q: not a key of CloudTrail", key)
	}
	return k, nil
}

// leadingSlash reports whether a key has an empty prefix followed by a slash,
// the only prefix that a Key cannot represent.
func leadingSlash(dir string, f Folder) bool {
	return f.Prefix == "" && strings.HasPrefix(dir, "/")
}

// agreesWith reports whether the name does not contradict the folders.
func (k Key) agreesWith(f Folder) bool {
	return (k.Account == "" || k.Account == f.Account) &&
		(k.Kind == "" || k.Kind == f.Kind) &&
		(k.Region == "" || k.Region == f.Region)
}

// fillFrom takes from the folders what is missing in the name.
func (k *Key) fillFrom(f Folder) {
	k.Organization = f.Organization
	if k.Account == "" {
		k.Account = f.Account
	}
	if k.Kind == "" {
		k.Kind = f.Kind
	}
	if k.Region == "" {
		k.Region = f.Region
	}
	if f.level == atDay {
		k.Day = f.From
	}
}
