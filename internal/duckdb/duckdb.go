// Package duckdb runs SQL over the Parquet parts of a lake with an embedded
// DuckDB that has no access to anything else.
//
// A DB is in memory and holds two views, events and cloudtrail_logs, over an
// exact list of part files. (Those in the schema lake serve them and Records.) Statements
// are checked before they run (see guard.go): only those that read the views
// are allowed, and the engine itself is restricted to the part files, without
// extensions, settings or other files. Rows are streamed: neither this package
// nor the engine holds a whole result in memory.
package duckdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/cerpac/trailkeeper/internal/scratch"
)

// Options configure a DB. The zero value is an empty lake.
type Options struct {
	// Parts are the Parquet files to read.
	Parts []Part

	// Since and Until, when set, narrow both views to events with
	// Since <= event_time < Until.
	Since, Until time.Time

	// Threads bounds the engine's parallelism; 0 means one per core.
	Threads int

	// MemoryLimit bounds the engine's memory in bytes; beyond it, large sorts
	// and groupings spill to a temporary folder. A statement that needs more
	// memory ends with a [*LimitError], also if the memory is allocated outside
	// of the engine's accounting (see watchMemory). 0 means DuckDB's default of
	// 80% of the machine's memory.
	MemoryLimit int64

	// SpillLimit bounds the size of the temporary folder, in bytes. 0 means
	// DuckDB's default of 90% of the free space.
	SpillLimit int64

	// Verify, when set, is called before each statement to find damaged parts.
	Verify Verify

	// TempDir is the folder in which the temporary folder is made, see
	// [scratch.New].
	TempDir string
}

// Part is a Parquet file of a lake.
type Part struct {
	Path   string // ends in year=YYYY/month=MM/day=DD/NAME.parquet
	Schema int    // version of its columns, see [lake.Schema]
}

func pathsOf(parts []Part) []string {
	paths := make([]string, len(parts))
	for i, p := range parts {
		paths[i] = p.Path
	}
	return paths
}

// DB is an open, locked database. Its methods may be used concurrently; each
// query has its own connection.
type DB struct {
	db        bindings.Database
	mu        sync.Mutex // guards opts.Parts and created
	opts      Options
	created   []string     // names of the views that exist
	scratch   *scratch.Dir // for spilling, removed by Close
	abandoned atomic.Int32 // statements that still run after they were cancelled
}

// Open starts an engine over the given parts. The caller closes the DB.
func Open(opts Options) (*DB, error) {
	if err := checkParts(pathsOf(opts.Parts)); err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	temporary, err := scratch.New(opts.TempDir)
	if err != nil {
		return nil, err
	}
	db := &DB{opts: opts, scratch: temporary}
	if err := db.start(opts); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close stops the engine and removes its temporary folder. All results must be
// closed before. An engine that is still busy with an abandoned statement runs
// until the process ends.
func (db *DB) Close() error {
	if db.abandoned.Load() > 0 {
		_ = db.scratch.Remove() // files may appear until the process ends; the next run removes them
		return nil
	}
	bindings.Close(&db.db)
	if err := db.scratch.Remove(); err != nil {
		return fmt.Errorf("remove temporary folder: %w", err)
	}
	return nil
}

func (db *DB) start(opts Options) error {
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return errors.New("start query engine: configuration refused")
	}
	defer bindings.DestroyConfig(&config)
	for _, setting := range settings(opts, db.scratch.Path()) {
		if bindings.SetConfig(config, setting.name, setting.value) == bindings.StateError {
			return fmt.Errorf("start query engine: setting %s=%s refused", setting.name, setting.value)
		}
	}
	var reason string
	if bindings.OpenExt(":memory:", &db.db, config, &reason) == bindings.StateError {
		return fmt.Errorf("start query engine: %s", firstLine(reason))
	}
	return db.lockDown(opts)
}

// lockDown takes away everything but reading the parts. The order matters: no
// setting can be changed after lock_configuration. Statements create the views
// that they read.
func (db *DB) lockDown(opts Options) error {
	conn, err := db.connect()
	if err != nil {
		return err
	}
	defer bindings.Disconnect(&conn)
	statements := []string{
		"SET GLOBAL errors_as_json = true",
		"SET GLOBAL TimeZone = 'UTC'",
		"SET GLOBAL parquet_metadata_cache = true", // parts never change, and are opened to bind and to read
		"SET GLOBAL allowed_paths = " + quoteList(pathsOf(opts.Parts)),
		"SET GLOBAL enable_external_access = false",
	}
	if opts.SpillLimit > 0 {
		// This setting has no effect when it is passed at the start.
		statements = append(statements, fmt.Sprintf("SET GLOBAL max_temp_directory_size = '%dB'", opts.SpillLimit))
	}
	statements = append(statements, "CREATE SCHEMA lake", "SET GLOBAL lock_configuration = true")
	for _, statement := range statements {
		if err := execute(conn, statement); err != nil {
			return fmt.Errorf("open lake: %w", err)
		}
	}
	return nil
}

type setting struct{ name, value string }

func settings(opts Options, scratch string) []setting {
	list := []setting{
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"allow_persistent_secrets", "false"},
		{"secret_directory", filepath.Join(scratch, "secrets")},
		{"extension_directory", filepath.Join(scratch, "extensions")},
		{"temp_directory", filepath.Join(scratch, "spill")},
	}
	if opts.Threads > 0 {
		list = append(list, setting{"threads", strconv.Itoa(opts.Threads)})
	}
	if opts.MemoryLimit > 0 {
		list = append(list, setting{"memory_limit", strconv.FormatInt(opts.MemoryLimit, 10) + "B"})
	}
	return list
}

func (db *DB) connect() (bindings.Connection, error) {
	var conn bindings.Connection
	if bindings.Connect(db.db, &conn) == bindings.StateError {
		return conn, errors.New("connect to query engine: refused")
	}
	return conn, nil
}

// execute runs a statement of our own.
func execute(conn bindings.Connection, statement string) error {
	var res bindings.Result
	defer bindings.DestroyResult(&res)
	if bindings.Query(conn, statement, &res) == bindings.StateError {
		err := parseError(bindings.ResultError(&res), statement, 0)
		if mistake, ok := errors.AsType[*SQLError](err); ok {
			return errors.New(mistake.Message)
		}
		return err
	}
	return nil
}

// checkParts rejects parts that do not exist, and paths whose partition DuckDB
// would misread: it takes the first year= of a path, which must be the lake's
// own.
func checkParts(parts []string) error {
	for _, part := range parts {
		folders := strings.Split(filepath.ToSlash(part), "/")
		if len(folders) < 4 {
			return fmt.Errorf("part %q is not under year=/month=/day=", part)
		}
		for _, folder := range folders[:len(folders)-4] {
			if key, _, found := strings.Cut(strings.ToLower(folder), "="); found && (key == "year" || key == "month" || key == "day") {
				return fmt.Errorf("part %q: the folder %q above the lake would be taken for a partition; move the lake elsewhere", part, folder)
			}
		}
		if _, err := os.Stat(part); err != nil {
			return err
		}
	}
	return nil
}

// quote writes s as an SQL string literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoteList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
