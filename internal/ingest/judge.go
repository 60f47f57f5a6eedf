package ingest

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// outcome is the result of a file, or of a member of one.
type outcome int

const (
	wasRead outcome = iota
	wasSkipped
	hasFailed
)

// judgement is an outcome with its reasons. The problem describes a failure;
// for a skipped file it holds the cause.
type judgement struct {
	outcome
	Problem
	unseen bool // could not be accessed, rather than found damaged
}

// reason returns the cause without its details.
func (v judgement) reason() string {
	if i := strings.IndexAny(v.Cause, ":;"); i >= 0 {
		return v.Cause[:i]
	}
	return v.Cause
}

// judge returns the judgement of a stream from the error that ended its
// reading. ok is false for an error that is not the stream's.
//
// A stream that may hold events is never skipped: if it could not be parsed it
// has failed, unless its name is one of those that never hold events.
func (r *reader) judge(err error) (v judgement, ok bool) {
	var fault *logfile.FaultError
	var foreign *logfile.ForeignError
	var kind *unpack.ForeignError
	v.File = r.key
	skip := func(reason string) (judgement, bool) {
		v.outcome, v.Cause = wasSkipped, reason
		return v, true
	}
	fail := func(offset int64, cause string) (judgement, bool) {
		v.outcome, v.Offset, v.Cause = hasFailed, offset, cause
		return v, true
	}
	isFault := errors.As(err, &fault)
	isForeign := errors.As(err, &foreign)
	switch {
	case err == nil:
		return v, true
	case isForeign && foreign.NoEvents:
		return skip(foreign.What)
	case errors.As(err, &kind) && namedAsLog(r.key):
		return fail(0, kind.What+", though named as a log file")
	case kind != nil:
		return skip(kind.What)
	case isFault && fault.Err != nil:
		v.unseen = true
		return fail(fault.Offset, fault.Cause)
	case (isFault || isForeign && foreign.Remedy == "") && r.pieces == 0 && neverLog(r.key) != "":
		return skip(neverLog(r.key))
	case isFault && fault.Cause == logfile.EmptyFile && !namedAsLog(r.key) && !namedAsData(r.key):
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
