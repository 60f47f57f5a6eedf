package archive

import (
	"strings"
	"time"
)

// Folder is what the path of a folder determines about every key below it.
type Folder struct {
	// Prefix is the part of the path before CloudTrail's own part.
	Prefix       string
	Organization string
	Account      string
	Kind         Kind
	Region       string
	// From and To bound the days of delivery below the folder, [From, To). Both
	// are zero when the path does not reach down to a year.
	From, To time.Time
	// Root is the path down to the Region, and empty when the folder is above it.
	// Keys below one root sort by delivery.
	Root string
	// Within is CloudTrail's own part of the path, from AWSLogs or an equivalent
	// down; it is empty when the path does not end in it. Prefixed to a path
	// below the folder it gives as much information as the full path.
	Within string
	// OtherService reports that the folder is in AWSLogs/ACCOUNT/ and belongs to
	// another service.
	OtherService bool

	level    level
	anchored bool   // AWSLogs is on the path
	whole    bool   // all of the path was understood
	badDate  string // YYYY/MM or YYYY/MM/DD that does not exist
}

// level is the depth of a path in CloudTrail's folders.
type level int

const (
	outside level = iota
	atLogs
	atOrganization
	atAccount
	atKind
	atRegion
	atYear
	atMonth
	atDay
)

const awsLogs = "AWSLogs"

// ParseFolder parses the slash-separated path of a folder, with or without a
// trailing slash. The part from AWSLogs on is parsed as far as it follows the
// grammar. A path without AWSLogs, as of an archive copied from a lower level,
// is parsed from the first organization, account, kind or Region on, if
// everything after it fits.
func ParseFolder(path string) Folder {
	path = strings.TrimSuffix(path, "/")
	f := parseFolder(path)
	if f.level != outside && f.whole {
		f.Within = strings.TrimPrefix(path[len(f.Prefix):], "/")
	}
	return f
}

func parseFolder(path string) Folder {
	if i := lastLogs(path); i >= 0 {
		f := Folder{Prefix: strings.TrimSuffix(path[:i], "/"), level: atLogs, anchored: true}
		f.descend(path, i+len(awsLogs))
		return f
	}
	for i := 0; i < len(path); {
		f := Folder{Prefix: strings.TrimSuffix(path[:i], "/")}
		f.descend(path, i-1)
		if f.level != outside && (f.whole || f.badDate != "") {
			return f
		}
		n := strings.IndexByte(path[i:], '/')
		if n < 0 {
			break
		}
		i += n + 1
	}
	return Folder{Prefix: path}
}

// lastLogs finds the last component of path that is AWSLogs.
func lastLogs(path string) int {
	for end := len(path); ; {
		i := strings.LastIndex(path[:end], awsLogs)
		if i < 0 {
			return -1
		}
		after := i + len(awsLogs)
		if (i == 0 || path[i-1] == '/') && (after == len(path) || path[after] == '/') {
			return i
		}
		end = i
	}
}

// descend parses components from the slash at path[i] on, until one does not
// fit. i is -1 at the beginning of the path.
func (f *Folder) descend(path string, i int) {
	for i < len(path) {
		part := path[i+1:]
		if n := strings.IndexByte(part, '/'); n >= 0 {
			part = part[:n]
		}
		if !f.take(part, path[:i+1+len(part)]) {
			return
		}
		i += 1 + len(part)
	}
	f.whole = true
}

// take parses one more component. path is the path down to it.
func (f *Folder) take(part, path string) bool {
	switch {
	case f.level <= atLogs && isOrganization(part):
		f.Organization, f.level = part, atOrganization
	case f.level <= atOrganization && isAccount(part):
		f.Account, f.level = part, atAccount
	case (f.level == outside || f.level == atAccount) && isKind(part):
		f.Kind, f.level = Kind(part), atKind
	case (f.level == outside || f.level == atKind) && isRegion(part):
		f.Region, f.Root, f.level = part, path, atRegion
	case f.level >= atRegion && f.level < atDay && len(part) == digits(part):
		return f.takeDate(part, path)
	default:
		f.OtherService = part != "" && f.anchored && f.level == atAccount && !strings.HasPrefix(part, string(Logs))
		return false
	}
	return true
}

func (f *Folder) takeDate(part, path string) bool {
	var year string
	month, day := "01", "01"
	date := path[len(f.Root)+1:]
	switch {
	case f.level == atRegion && len(part) == 4:
		year = part
	case f.level == atYear && len(part) == 2:
		year, month = date[:4], part
	case f.level == atMonth && len(part) == 2:
		year, month, day = date[:4], date[5:7], part
	default:
		return false
	}
	from, ok := parseDay(year, month, day)
	if !ok {
		f.badDate = date
		return false
	}
	f.level++
	f.From = from
	switch f.level {
	case atYear:
		f.To = from.AddDate(1, 0, 0)
	case atMonth:
		f.To = from.AddDate(0, 1, 0)
	default:
		f.To = from.AddDate(0, 0, 1)
	}
	return true
}
