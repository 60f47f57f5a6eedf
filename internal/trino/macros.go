package trino

import (
	"slices"
	"strings"
)

// macro is a function of Trino, or a part of one, in DuckDB's SQL. Bodies name
// functions with system.main, as a macro hides the function of its name. A
// failure is a cast that fails: a call of error() would be no constant, and
// nothing that TRY can catch. [Failure] finds its message.
type macro struct{ name, body string }

func macros() []macro {
	return slices.Concat(numberMacros(), textMacros(), timeMacros(), listMacros(), addressMacros())
}

// Macros returns the statements that create what a translation needs, in the
// order that they need each other.
func (t Translation) Macros() []string {
	var created []string
	var names []string
	var create func(name string)
	all := macros()
	if t.zoned {
		all = slices.Concat(zonedMacros(), all)
	}
	create = func(name string) {
		at := slices.IndexFunc(all, func(m macro) bool { return m.name == name })
		if at < 0 || slices.Contains(names, name) {
			return
		}
		names = append(names, name)
		for _, m := range all {
			if strings.HasPrefix(m.name, "trino_") && strings.Contains(all[at].body, m.name+"(") {
				create(m.name)
			}
		}
		created = append(created, `CREATE TEMP MACRO "`+name+`"`+all[at].body)
	}
	for _, name := range t.functions {
		create(name)
	}
	return created
}

// Failure returns the words of a macro that failed, in the engine's message.
func Failure(message string) (words string, found bool) {
	_, words, found = strings.Cut(message, "'trino: ")
	if at := strings.LastIndex(words, "'"); found && at >= 0 {
		words = words[:at]
	}
	return words, found
}
