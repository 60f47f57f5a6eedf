package scan

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// Outcome is what became of a file, or of a member of one.
type Outcome int

// The outcomes.
const (
	Read     Outcome = iota // to its end
	Skipped                 // holds no events
	Failed                  // not read to its end; what came before was delivered
	Unproven                // its content is not what is claimed; nothing was delivered
	Unread                  // the run ended
)

// Result is an outcome with its reasons.
type Result struct {
	Outcome
	// Problem describes a failure; otherwise only Cause is set. The cause is
	// empty for an archive that failed because of members, which have results of
	// their own.
	Problem
	Unseen bool // could not be accessed, rather than found damaged

	why string // instead of the beginning of the cause
}

// membersFailed is the reason of an archive of which only members failed.
const membersFailed = "a member failed"

// reason returns the cause without its details.
func (v Result) reason() string {
	switch {
	case v.why != "":
		return v.why
	case v.Cause == "":
		return membersFailed
	}
	if i := strings.IndexAny(v.Cause, ":;"); i >= 0 {
		return v.Cause[:i]
	}
	return v.Cause
}

// unreachable is the result of a file that could not be accessed.
func unreachable(f *File, why string, err error) Result {
	return Result{Outcome: Failed, Problem: Problem{File: f.Key, Cause: err.Error()}, Unseen: true, why: why}
}

// contents is the result of the streams in one file.
type contents struct {
	whole        *Result // of a file that is one stream
	read, failed int
	bad          bool // some member is damaged, rather than inaccessible
}

func (c *contents) add(v Result) {
	switch v.Outcome {
	case Read:
		c.read++
	case Failed:
		c.failed++
		c.bad = c.bad || !v.Unseen
	}
}

// judge returns the result of the stream with a name from the error that ended
// its reading; some reports whether it has shown any piece. ok is false for an
// error that is not the stream's.
//
// A stream that may hold events is never skipped: if it could not be parsed it
// has failed, unless its name is one of those that never hold events.
func judge(name string, some bool, err error) (v Result, ok bool) {
	var fault *logfile.FaultError
	var foreign *logfile.ForeignError
	var kind *unpack.ForeignError
	v.File = name
	skip := func(reason string) (Result, bool) {
		v.Outcome, v.Cause = Skipped, reason
		return v, true
	}
	fail := func(offset int64, cause string) (Result, bool) {
		v.Outcome, v.Offset, v.Cause = Failed, offset, cause
		return v, true
	}
	isFault := errors.As(err, &fault)
	isForeign := errors.As(err, &foreign)
	switch {
	case err == nil:
		return v, true
	case isForeign && foreign.NoEvents:
		return skip(foreign.What)
	case errors.As(err, &kind) && namedAsLog(name):
		return fail(0, kind.What+", though named as a log file")
	case kind != nil:
		return skip(kind.What)
	case isFault && fault.Err != nil:
		v.Unseen = true
		return fail(fault.Offset, fault.Cause)
	case (isFault || isForeign && foreign.Remedy == "") && !some && neverLog(name) != "":
		return skip(neverLog(name))
	case isFault && fault.Cause == logfile.EmptyFile && !namedAsLog(name) && !namedAsData(name):
		return skip("empty, and not named as a log file")
	case isFault:
		return fail(fault.Offset, fault.Cause)
	case isForeign:
		return fail(0, foreign.Error())
	}
	return v, false
}

// namedAsLog reports whether a name is that of a file with events.
func namedAsLog(name string) bool {
	switch path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz")) {
	case ".json", ".jsonl", ".ndjson", ".cloudtrail":
		return true
	}
	return false
}

// namedAsData reports whether files with events may have such a name, among
// others.
func namedAsData(name string) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".gz", ".log", ".csv", ".tsv", ".txt", ".yaml", ".yml", ".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tzst",
		".zst", ".zstd", ".xz", ".bz2", ".7z", ".rar", ".lz4", ".sz", ".z":
		return true
	}
	return false
}

// neverLog describes the file if a file of this name never holds events;
// otherwise it returns "". Such files are in every folder.
func neverLog(name string) string {
	base := strings.ToLower(path.Base(name))
	if i := strings.LastIndexByte(base, '!'); i >= 0 {
		base = base[i+1:] // name of a member, without its archive
	}
	stem, _, _ := strings.Cut(base, ".")
	switch {
	case namedAsLog(base) && base != "result_sign.json":
		return ""
	case slices.Contains([]string{"readme", "license", "licence", "notice", "copying", "changelog", "contributing", "authors"}, stem):
		return "documentation"
	}
	switch base {
	case "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\\x0d":
		return "side file of a file manager"
	case "makefile", "dockerfile", "jenkinsfile":
		return "source code"
	case "md5sums", "sha1sums", "sha256sums", "sha512sums":
		return "checksum or signature"
	case "result_sign.json": // CloudTrail Lake puts it beside the results of a query
		return "checksum or signature"
	}
	if strings.HasSuffix(base, "_$folder$") { // Hadoop's marker of a folder in S3
		return "folder marker"
	}
	switch path.Ext(base) {
	case ".md", ".markdown", ".rst", ".adoc", ".html", ".htm", ".css":
		return "documentation"
	case ".py", ".sh", ".bash", ".ps1", ".bat", ".cmd", ".go", ".js", ".mjs", ".ts", ".rb", ".pl", ".java", ".c", ".h",
		".cpp", ".rs", ".tf", ".tfvars", ".hcl", ".sql", ".ini", ".cfg", ".conf", ".toml", ".properties":
		return "source code"
	case ".md5", ".sha1", ".sha256", ".sha512", ".crc", ".sig":
		return "checksum or signature"
	}
	return ""
}
