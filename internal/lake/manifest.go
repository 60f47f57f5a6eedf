package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// Format is the version of the lake's layout that this program writes; it reads
// all earlier ones. It goes up when an older program would misread a newer lake.
const Format = 3

const (
	stateDir      = "_trailkeeper"
	manifestName  = "manifest.json"
	manifestPath  = stateDir + "/" + manifestName
	idsDir        = stateDir + "/ids"
	sourcesDir    = stateDir + "/sources"
	quarantineDir = stateDir + "/quarantine"
	stagingDir    = stateDir + "/staging"
	dayLayout     = "2006-01-02"
)

// The names a Writer gives: the number of the commit, and a number in it. Other
// programs name their files part-*.parquet too.
var (
	partName    = regexp.MustCompile(`^part-\d{8,}-\d{4,}\.parquet$`)
	idsName     = regexp.MustCompile(`^part-\d{8,}-\d{4,}\.ids$`)
	sourcesName = regexp.MustCompile(`^files-\d{8,}-\d{4,}\.ids$`)
	refusedName = regexp.MustCompile(`^refused-\d{8,}\.jsonl$`)
)

// Part is one Parquet file of the lake.
type Part struct {
	Name       string    `json:"name"`
	Day        string    `json:"day"` // of its events, YYYY-MM-DD
	Rows       int64     `json:"rows"`
	Bytes      int64     `json:"bytes"`       // of the file
	PlainBytes int64     `json:"plain_bytes"` // of the rows in memory
	From       time.Time `json:"from"`        // time of the earliest event
	To         time.Time `json:"to"`          // time of the latest event
	Schema     int       `json:"schema"`      // version of its columns; absent in format 1, which has 1
	Proven     int64     `json:"proven"`      // rows whose log file a digest vouches for; absent before format 3
	Checksum   *Checksum `json:"checksum,omitempty"`

	file stored
}

// Path returns the current path or URL of the part. It is that of a Parquet file
// whose parent folders are year=YYYY/month=MM/day=DD, unless an ingest was
// interrupted at the very end: then the part may be in the staging folder until
// the next ingest moves it.
func (p Part) Path() string { return p.file.location() }

// manifest lists everything in a lake. A commit takes effect when a new
// manifest is renamed over the old one.
type manifest struct {
	Checksum   string              `json:"checksum,omitempty"` // see seal
	Format     int                 `json:"format"`
	Sequence   int                 `json:"sequence"` // number of commits so far
	Parts      []Part              `json:"parts"`
	Sources    map[string][]string `json:"sources"`    // lists of log files read, by shard
	Quarantine []string            `json:"quarantine"` // listings of rejected pieces
	Totals     Totals              `json:"totals"`
	// RequiresProof reports that only events of proven log files are added.
	RequiresProof bool `json:"requires_proof,omitempty"`

	version string // in the store; "" before it is there
}

// Totals are sums over all ingests into a lake.
type Totals struct {
	Files      int64 `json:"files"`      // log files read to their end
	Stored     int64 `json:"stored"`     // events in the lake
	Duplicates int64 `json:"duplicates"` // events that were already in the lake
	Conflicts  int64 `json:"conflicts"`  // events stored beside another body with the same id
	Rejected   int64 `json:"rejected"`   // pieces in the quarantine
}

// VersionError reports that a lake was written by a newer version.
type VersionError struct {
	Dir    string
	Format int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("open lake %q: its format is version %d, this program knows version %d", e.Dir, e.Format, Format)
}

// NotFoundError reports that a folder holds no lake.
type NotFoundError struct{ Dir string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("open lake %q: no lake there", e.Dir) }

// ManifestError reports that a lake's manifest differs from what was written,
// so that the content of the lake is unknown.
type ManifestError struct {
	Dir string
	Err error
}

func (e *ManifestError) Error() string {
	return fmt.Sprintf("open lake %q: read %s: %v", e.Dir, manifestName, e.Err)
}

func (e *ManifestError) Unwrap() error { return e.Err }

// readManifest reads the manifest of a lake.
func readManifest(ctx context.Context, store Store) (*manifest, error) {
	dir := store.Location("")
	data, version, err := store.Load(ctx, manifestPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noManifest(ctx, store)
	}
	if err != nil {
		return nil, fmt.Errorf("open lake %q: %w", dir, err)
	}
	m, err := parseManifest(dir, data)
	if err != nil {
		return nil, err
	}
	m.version = version
	return m, nil
}

// noManifest returns the error for a store without a manifest: it is lost if
// there are other files of a lake.
func noManifest(ctx context.Context, store Store) error {
	dir := store.Location("")
	lists, err := namesIn(ctx, store, idsDir)
	if err != nil {
		return fmt.Errorf("open lake %q: %w", dir, err)
	}
	if slices.ContainsFunc(lists, func(name string) bool { return path.Ext(name) == ".ids" }) {
		return &MissingError{Dir: dir, What: "manifest", Path: store.Location(manifestPath)}
	}
	return &NotFoundError{dir}
}

// parseManifest reads the text of the manifest of the lake in dir.
func parseManifest(dir string, data []byte) (*manifest, error) {
	var version struct{ Format int }
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, &ManifestError{dir, err}
	}
	if version.Format > Format {
		return nil, &VersionError{dir, version.Format}
	}
	m := &manifest{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // such as "checksum" misspelled by damage
	if err := decoder.Decode(m); err != nil {
		return nil, &ManifestError{dir, err}
	}
	if m.Checksum != "" && m.Checksum != sumOf(data, m.Checksum) {
		return nil, &ManifestError{dir, errors.New("its checksum does not match")}
	}
	if err := m.check(); err != nil {
		return nil, &ManifestError{dir, err}
	}
	for i := range m.Parts {
		m.Parts[i].Schema = max(m.Parts[i].Schema, 1)
	}
	if m.Sources == nil {
		m.Sources = map[string][]string{}
	}
	return m, nil
}

// check rejects a manifest that no Writer wrote: its names become paths of
// files to read and of files not to remove.
func (m *manifest) check() error {
	if m.Format < 1 || m.Sequence < 0 {
		return fmt.Errorf("not a manifest: format %d, sequence %d", m.Format, m.Sequence)
	}
	for _, p := range m.Parts {
		if !partName.MatchString(p.Name) {
			return fmt.Errorf("%q is not the name of a part", p.Name)
		}
		if _, err := time.Parse(dayLayout, p.Day); err != nil {
			return fmt.Errorf("part %q: %q is not a day", p.Name, p.Day)
		}
		if p.Schema < 0 || p.Schema > Schema {
			return fmt.Errorf("part %q: schema %d is not known", p.Name, p.Schema)
		}
	}
	for _, names := range m.Sources {
		for _, name := range names {
			if !sourcesName.MatchString(name) {
				return fmt.Errorf("%q is not the name of a list of log files", name)
			}
		}
	}
	for _, name := range m.Quarantine {
		if !refusedName.MatchString(name) {
			return fmt.Errorf("%q is not the name of a listing", name)
		}
	}
	return nil
}

// write replaces the manifest of a lake if it is still the one that m was made
// from. This is the commit.
func (m *manifest) write(ctx context.Context, store Store) error {
	m.Checksum = noSum
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	m.Checksum = sumOf(data, noSum)
	data = bytes.Replace(data, []byte(noSum), []byte(m.Checksum), 1)
	m.version, err = store.Swap(ctx, manifestPath, m.version, data)
	return err
}

// noSum stands for the checksum in the text of a manifest while the checksum is
// computed.
const noSum = "0000000000000000"

// sumOf returns the checksum of the text of a manifest in which sum is the
// recorded checksum.
func sumOf(data []byte, sum string) string {
	return hexSum(xxh3.Hash(bytes.Replace(data, []byte(sum), []byte(noSum), 1)))
}

// dayDir returns the partition folder of a day.
func dayDir(day string) string {
	return "year=" + day[:4] + "/month=" + day[5:7] + "/day=" + day[8:]
}

// published returns the final name of a part in the store.
func (p Part) published() string { return dayDir(p.Day) + "/" + p.Name }

// staged returns the name of a part before it is published. It has partition
// folders too, so that a reader finds the day in the path there as well.
func (p Part) staged() string { return stagingDir + "/" + p.published() }

func idsPath(part string) string {
	return idsDir + "/" + strings.TrimSuffix(part, ".parquet") + ".ids"
}

// Parts returns the parts of the lake, sorted by day and name.
func (l *Lake) Parts() []Part { return slices.Clone(l.parts) }

// QuarantineFiles returns the names in the store of the JSON lines files that
// list what ingests into the lake have rejected.
func (w *Writer) QuarantineFiles() (names []string) {
	for _, name := range w.manifest.Quarantine {
		names = append(names, quarantineDir+"/"+name)
	}
	return names
}
