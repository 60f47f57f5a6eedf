package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
)

// Versions is a Source whose bucket may keep versions of its objects. It is asked
// about damaged objects only, from several goroutines.
type Versions interface {
	// Versions returns the versions and delete markers of an object, the newest
	// first.
	Versions(ctx context.Context, key string) ([]archive.Version, error)
	FetchVersion(ctx context.Context, key, version string) (io.ReadCloser, archive.Attributes, error)
	// Lock returns the state of Object Lock of a version.
	Lock(ctx context.Context, key, version string) (archive.Lock, error)
}

// Restorer is a Source that knows the commands by which a person brings a version
// of an object back.
type Restorer interface {
	// UndeleteCommand removes a delete marker, CopyBackCommand writes a version again.
	UndeleteCommand(key, marker string) string
	CopyBackCommand(key, version string) string
}

// History is what the versions of a damaged object tell.
type History struct {
	// Versions is the number of versions in the bucket, and Markers that of delete
	// markers.
	Versions int `json:"versions"`
	Markers  int `json:"delete_markers,omitempty"`
	// Match is the version that is as it was proven, or nil. Searched reports that
	// there was a proof to compare the versions with.
	Match    *archive.Version `json:"match,omitempty"`
	Searched bool             `json:"searched"`
	// By is what took the place of Match, or without Match what is there now.
	By *archive.Version `json:"by,omitempty"`
	// Lock is the state of Object Lock of Match, or else of By; nil if it is not known.
	Lock *archive.Lock `json:"lock,omitempty"`
	// Restore is a command line that makes Match the current version again.
	Restore string `json:"restore,omitempty"`
	// Unknown says what could not be found out, and why.
	Unknown string `json:"unknown,omitempty"`
}

const (
	// maxHistories bounds the damaged objects of a run whose versions are listed.
	maxHistories = 10_000
	// maxCandidates bounds the versions of one object that are read.
	maxCandidates  = 100
	historyWorkers = 8
)

// historian adds to each result about a damaged object what its versions tell.
type historian struct {
	v        *verifier
	versions Versions
	queue    chan task
	slots    chan struct{}
	group    *errgroup.Group
	ctx      context.Context
	looked   int
	tooMany  int64

	mu     sync.Mutex
	denied string // why versions may not be listed
}

// histories returns what takes results in place of handle, and what ends it.
// Results are handled in their order, from one goroutine.
func (v *verifier) histories(sum *Summary, handle func(Result) error) (pass func(Result) error, end func() error) {
	versions, ok := v.source.(Versions)
	if !ok {
		return handle, func() error { return nil }
	}
	h := &historian{v: v, versions: versions, queue: make(chan task, 4*historyWorkers), slots: make(chan struct{}, historyWorkers)}
	h.group, h.ctx = errgroup.WithContext(v.ctx)
	h.group.Go(func() error {
		for t := range h.queue {
			r := t.result
			if t.later != nil {
				r = <-t.later // it looks at the context itself
			}
			if err := handle(r); err != nil {
				return err
			}
		}
		return nil
	})
	return h.pass, func() error {
		close(h.queue)
		err := h.group.Wait()
		sum.Notes = append(sum.Notes, h.notes()...)
		return err
	}
}

// notes says what was not looked at.
func (h *historian) notes() (notes []string) {
	if h.denied != "" {
		notes = append(notes, "versions of damaged objects are not known: "+h.denied)
	}
	if h.tooMany > 0 {
		notes = append(notes, fmt.Sprintf("versions of %d more damaged objects were not looked at: more than %d are damaged", h.tooMany, maxHistories))
	}
	return notes
}

// damaged reports whether the versions of an object may tell what was done to it.
func (r Result) damaged() bool {
	return r.State.Bad() && r.Key != "" && (r.Object == DigestFile || r.Object == LogFile)
}

func (h *historian) pass(r Result) error {
	t := task{result: r}
	switch {
	case !r.damaged():
	case h.looked == maxHistories:
		h.tooMany++
	default:
		h.looked++
		select {
		case h.slots <- struct{}{}:
		case <-h.ctx.Done():
			return context.Cause(h.ctx)
		}
		done := make(chan Result, 1)
		t.later = done
		go func() {
			defer func() { <-h.slots }()
			r.History = h.of(r)
			done <- r
		}()
	}
	select {
	case h.queue <- t:
		return nil
	case <-h.ctx.Done():
		return context.Cause(h.ctx)
	}
}

// of returns the history of an object, or nil if it may not be seen.
func (h *historian) of(r Result) *History {
	h.mu.Lock()
	denied := h.denied != ""
	h.mu.Unlock()
	if denied {
		return nil
	}
	list, err := h.versions.Versions(h.ctx, r.Key)
	if errors.Is(err, fs.ErrPermission) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.denied = err.Error() + "; listing them needs s3:ListBucketVersions"
		return nil
	}
	if err != nil {
		return &History{Unknown: err.Error()}
	}
	history := &History{}
	for _, v := range list {
		if v.Marker {
			history.Markers++
		} else {
			history.Versions++
		}
	}
	at := h.match(r, list, history)
	switch {
	case at > 0:
		history.Match, history.By = &list[at], &list[at-1]
		history.Restore = restoreCommand(h.v.source, r.Key, list, at)
	case at == 0:
		history.Match = &list[0]
	case len(list) > 0:
		history.By = &list[0]
	}
	h.lock(r.Key, history)
	return history
}

// match returns the position of the version that is as it was proven, or -1. The
// original is the oldest as a rule, so these are read first.
func (h *historian) match(r Result, list []archive.Version, history *History) int {
	if r.Object == LogFile && r.want == "" {
		return -1
	}
	history.Searched = true
	read := 0
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Marker {
			continue
		}
		if read == maxCandidates {
			history.Unknown = fmt.Sprintf("only the oldest %d versions were read", read)
			break
		}
		read++
		ok, err := h.matches(r, list[i])
		if ok {
			return i
		}
		if err != nil {
			history.Unknown = fmt.Sprintf("version %q could not be read: %v", list[i].ID, err)
		}
	}
	return -1
}

// matches reports whether a version is what the result's object should be. The
// error is of reading it.
func (h *historian) matches(r Result, version archive.Version) (bool, error) {
	open := func(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
		return h.versions.FetchVersion(ctx, o.Key, version.ID)
	}
	o := archive.Object{Key: r.Key, Size: version.Size}
	o.Info, _ = archive.ParseKey(r.Key)
	if r.Object == DigestFile {
		n := h.v.fetchBy(h.ctx, o, open)
		switch {
		case n.fault != nil:
			return false, n.fault.reading()
		case r.want == "":
			return n.proof == proven, nil
		}
		return strings.EqualFold(n.hash, r.want) && (n.proof == proven || n.proof == keyless && r.State == Missing), nil
	}
	body, _, err := open(h.ctx, o)
	if err != nil {
		return false, err
	}
	defer body.Close()
	p := h.v.unpackers.get()
	defer h.v.unpackers.put(p)
	hash, bad := p.unpack(body, maxLog, func([]byte) {})
	if bad != nil {
		return false, bad.reading()
	}
	return strings.EqualFold(hash, r.want), nil
}

// namesHash returns the hash that a proven digest names of the one before it, or
// "".
func (n *node) namesHash() string {
	if hash := n.digest.PreviousDigestHashValue; hash != nil && n.proof == proven {
		return *hash
	}
	return ""
}

// reading returns the error of a fault that is not one of the content.
func (f *fault) reading() error {
	if f.state == Tampered {
		return nil
	}
	return errors.New(f.reason)
}

// restoreCommand returns the command that makes the version at a position the
// current one. Where a single delete marker hides it, removing that is enough.
func restoreCommand(source Source, key string, list []archive.Version, at int) string {
	restorer, ok := source.(Restorer)
	if !ok {
		return ""
	}
	// The times tell seconds only, so versions of the same second may be in any order.
	alone := at == 1 && list[0].Marker && list[0].Latest
	for _, other := range list[at+1:] {
		alone = alone && other.Modified.Before(list[at].Modified)
	}
	if alone {
		return restorer.UndeleteCommand(key, list[0].ID)
	}
	return restorer.CopyBackCommand(key, list[at].ID)
}

// lock adds the state of Object Lock.
func (h *historian) lock(key string, history *History) {
	version := history.Match
	if version == nil {
		version = history.By
	}
	if version == nil || version.Marker { // markers cannot be locked
		return
	}
	lock, err := h.versions.Lock(h.ctx, key, version.ID)
	switch {
	case err == nil:
		history.Lock = &lock
	case history.Unknown == "":
		history.Unknown = "its Object Lock is not known: " + err.Error()
	}
}

// Lines describes the history in lines of text.
func (h *History) Lines() []string {
	if h == nil {
		return nil
	}
	lines := h.facts()
	if h.Restore != "" {
		lines = append(lines, "restore it: "+h.Restore)
	}
	return lines
}

// facts are the lines without the command.
func (h *History) facts() (lines []string) {
	if text := h.happened(); text != "" {
		lines = append(lines, text)
	}
	if h.Unknown != "" {
		lines = append(lines, h.Unknown)
	}
	if h.Lock != nil {
		lines = append(lines, "Object Lock of the version: "+lockText(*h.Lock))
	}
	return lines
}

// happened says what the versions tell of the damage.
func (h *History) happened() string {
	rest := ""
	switch {
	case h.Match != nil && h.By == nil:
		return fmt.Sprintf("the current version %q is as it was proven: it was restored meanwhile", h.Match.ID)
	case h.Match != nil:
		rest = fmt.Sprintf("; version %q of %s is as it was proven", h.Match.ID, utc(h.Match.Modified))
	case h.By == nil && h.Unknown != "":
		return ""
	case h.By == nil:
		return "the bucket has no version of it"
	case h.Searched:
		rest = fmt.Sprintf("; none of %d versions in the bucket is as it was proven", h.Versions)
	case h.Versions > 1:
		rest = fmt.Sprintf("; the bucket has %d versions of it", h.Versions)
	}
	verb, what := "written", "version"
	switch {
	case h.By.Marker:
		verb, what = "deleted", "delete marker"
	case h.Match != nil:
		verb = "replaced"
	}
	owner := ""
	if h.By.Owner != "" {
		owner = fmt.Sprintf(" (owner %q)", h.By.Owner)
	}
	return fmt.Sprintf("%s %s by %s %q%s%s", verb, utc(h.By.Modified), what, h.By.ID, owner, rest)
}

func lockText(l archive.Lock) string {
	var parts []string
	if l.Mode != "" {
		parts = append(parts, fmt.Sprintf("%s until %s", l.Mode, utc(l.Until)))
	}
	if l.LegalHold {
		parts = append(parts, "legal hold")
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}
