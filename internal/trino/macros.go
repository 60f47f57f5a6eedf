package trino

import (
	"slices"
	"strings"
)

// macro is a Trino function, or a part of one, in DuckDB's SQL. Bodies call
// functions with system.main, as a macro hides the function of its name. A
// failure is expressed as a failing cast: a call of error() is not a constant,
// and TRY cannot catch it. [Failure] returns its message.
type macro struct{ name, body string }

func macros() []macro {
	return slices.Concat(numberMacros(), textMacros(), timeMacros(), listMacros(), addressMacros())
}

// Macros returns the statements that create the macros of a translation, in the
// order of their dependencies.
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

// Failure returns the message of a macro that failed, from the engine's
// message.
func Failure(message string) (words string, found bool) {
	_, words, found = strings.Cut(message, "'trino: ")
	if at := strings.LastIndex(words, "'"); found && at >= 0 {
		words = words[:at]
	}
	return words, found
}
