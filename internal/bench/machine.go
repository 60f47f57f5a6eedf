package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/internal/quantity"
)

// machine describes the machine on which the figures were measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"` // available to the measured programs
	Memory int64  `json:"memory"`
	System string `json:"system"`
	DuckDB string `json:"duckdb"`
	Build  string `json:"build"` // trailkeeper --version

	// Revision of the sources, if git knows it.
	Revision string `json:"revision,omitempty"`
}

func (b *bench) describeMachine(ctx context.Context) (machine, error) {
	m := machine{CPU: "unknown", Cores: runtime.GOMAXPROCS(0), System: runtime.GOOS + "/" + runtime.GOARCH}
	version, err := b.trail(ctx, "--version")
	if err != nil {
		return m, err
	}
	if _, err := b.timed(ctx, &m.DuckDB, "version"); err != nil {
		return m, err
	}
	m.Build = strings.TrimSpace(string(version.Output))
	if revision, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		m.Revision = strings.TrimSpace(string(revision))
	}
	switch runtime.GOOS {
	case "linux":
		m.CPU = procField("/proc/cpuinfo", "model name")
		kib, _, _ := strings.Cut(procField("/proc/meminfo", "MemTotal"), " ")
		n, _ := strconv.ParseInt(kib, 10, 64) // 0 means unknown
		m.Memory = n << 10
		release, _, _ := strings.Cut(firstWord("/proc/sys/kernel/osrelease"), "-")
		m.System += ", Linux " + release
	case "darwin":
		m.CPU = sysctl(ctx, "machdep.cpu.brand_string")
		m.Memory, _ = strconv.ParseInt(sysctl(ctx, "hw.memsize"), 10, 64)
		m.System += ", macOS " + sysctl(ctx, "kern.osproductversion")
	}
	return m, nil
}

// procField returns the first value of a name in a file of "name : value".
func procField(path, name string) string {
	text, _ := os.ReadFile(path) // without the file the value is unknown
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func sysctl(ctx context.Context, name string) string {
	out, _ := exec.CommandContext(ctx, "sysctl", "-n", name).Output()
	return strings.TrimSpace(string(out))
}

// load returns the system's load over the last minute, or "".
func load() string {
	if word := firstWord("/proc/loadavg"); word != "" {
		return word
	}
	return "unknown"
}

func firstWord(path string) string {
	text, _ := os.ReadFile(path)
	word, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return word
}

func (m *machine) writeTo(out *strings.Builder) {
	fmt.Fprintf(out, "machine   %s, %d cores, %s of memory, %s\n", m.CPU, m.Cores, quantity.FormatSize(m.Memory), m.System)
	for line := range strings.Lines(m.Build) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch value = strings.TrimSpace(value); name {
		case "trailkeeper":
			fmt.Fprintf(out, "version   %s\n", strings.TrimSpace(value+" "+m.Revision))
		case "go", "gunzip":
			fmt.Fprintf(out, "%-9s %s\n", name, value)
		}
	}
	fmt.Fprintf(out, "duckdb    %s\n", strings.TrimPrefix(m.DuckDB, "v"))
}
