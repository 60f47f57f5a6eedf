package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

// duckdbModule is the driver whose version shows the linked DuckDB.
const duckdbModule = "github.com/duckdb/duckdb-go-bindings"

func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return describeBuild(info)
}

// describeBuild lists what is known of a build, one fact per line; unknown
// facts are left out.
func describeBuild(info *debug.BuildInfo) string {
	var text strings.Builder
	fmt.Fprintf(&text, "trailkeeper %s\n", cmp.Or(info.Main.Version, "(devel)"))
	if revision := describeRevision(info); revision != "" {
		fmt.Fprintf(&text, "revision    %s\n", revision)
	}
	fmt.Fprintf(&text, "go          %s %s/%s\n", cmp.Or(info.GoVersion, runtime.Version()), runtime.GOOS, runtime.GOARCH)
	for _, module := range info.Deps {
		if module.Path == duckdbModule {
			fmt.Fprintf(&text, "duckdb      %s\n", duckdbVersion(module.Version))
		}
	}
	fmt.Fprintf(&text, "gunzip      %s\n", gunzip.Library)
	return text.String()
}

func describeRevision(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	revision := settings["vcs.revision"]
	if revision != "" && settings["vcs.modified"] == "true" {
		revision += " (modified)"
	}
	return revision
}

// duckdbVersion decodes the version of DuckDB from the driver's own version:
// the minor number of v0.10506.0 is 1.05.06, DuckDB 1.5.6. A version of another
// form is returned unchanged.
func duckdbVersion(driver string) string {
	var major, encoded, patch int
	if _, err := fmt.Sscanf(driver, "v%d.%d.%d", &major, &encoded, &patch); err != nil || encoded < 10000 {
		return "driver " + driver
	}
	return fmt.Sprintf("%d.%d.%d", encoded/10000, encoded/100%100, encoded%100)
}

// moduleVersion returns the version of the program in one word.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return cmp.Or(info.Main.Version, "(devel)")
}
