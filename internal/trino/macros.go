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

func macros() []macro { //nolint:funlen // a table
	return []macro{
		{"/", `(a, b) AS CASE WHEN trino_integers(a, b) AND b = 0 THEN CAST('trino: Division by zero' AS INTEGER)
			ELSE system.main.cast_to_type(CASE WHEN trino_integers(a, b) THEN system.main."//"(a, b)::VARCHAR ELSE system.main."/"(a, b)::VARCHAR END, a + b) END`},
		{"trino_integers", `(a, b) AS system.main.contains(system.main.typeof(a), 'INT') AND system.main.contains(system.main.typeof(b), 'INT')`},
		{"trino_varchar", `(x) AS CASE WHEN system.main.typeof(x) = 'JSON' THEN system.main.json_extract_string(x::VARCHAR, '$') ELSE x::VARCHAR END`},

		{"trino_path", `(p) AS CASE WHEN NOT system.main.starts_with(p, '$') OR system.main.contains(p, '*') OR system.main.contains(p, '..') OR system.main.contains(p, '?')
			THEN CAST(CAST('trino: JSON path ' || p || ' is not supported: members and elements only, such as $.a["b c"][0]' AS INTEGER) AS VARCHAR)
			ELSE system.main.regexp_replace(p, '\[["'']([^"'']*)["'']\]', '."\1"', 'g') END`},
		{"json_extract", `(j, p) AS CASE WHEN system.main.json_valid(j::VARCHAR) THEN system.main.json_extract(j::JSON, trino_path(p)) END`},
		{"json_extract_scalar", `(j, p) AS CASE WHEN NOT system.main.json_valid(j::VARCHAR) THEN NULL
			WHEN system.main.json_type(j::JSON, trino_path(p)) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
			ELSE system.main.json_extract_string(j::JSON, trino_path(p)) END`},
		{"json_parse", `(s) AS s::JSON`},
		{"json_format", `(j) AS j::JSON::VARCHAR`},
		{"json_array_length", `(j) AS CASE WHEN system.main.json_valid(j::VARCHAR) AND system.main.json_type(j::JSON) = 'ARRAY' THEN system.main.json_array_length(j::JSON)::BIGINT END`},
		{"json_array_contains", `(j, v) AS CASE WHEN system.main.json_valid(j::VARCHAR) AND system.main.json_type(j::JSON) = 'ARRAY' THEN system.main.json_contains(j::JSON, system.main.to_json(v)) END`},

		{"regexp_like", `(s, p) AS system.main.regexp_matches(s, p)`},
		{"regexp_extract", `(s, p) AS CASE WHEN system.main.regexp_matches(s, p) THEN system.main.regexp_extract(s, p) END,
			(s, p, g) AS CASE WHEN system.main.regexp_matches(s, p) THEN system.main.regexp_extract(s, p, g) END`},
		{"regexp_replace", `(s, p) AS system.main.regexp_replace(s, p, '', 'g'),
			(s, p, r) AS system.main.regexp_replace(s, p, system.main.regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g')`},
		{"split_part", `(s, d, n) AS CASE WHEN n <= system.main.len(system.main.string_split(s, d)) THEN system.main.split_part(s, d, n) END`},

		{"from_iso8601_timestamp", `(s) AS s::TIMESTAMPTZ`},
		{"from_iso8601_date", `(s) AS s::DATE`},
		{"to_iso8601", `(t) AS CASE system.main.typeof(t) WHEN 'DATE' THEN system.main.strftime(t, '%Y-%m-%d') WHEN 'TIMESTAMP' THEN system.main.strftime(t, '%Y-%m-%dT%H:%M:%S.%g')
			ELSE system.main.strftime(t, '%Y-%m-%dT%H:%M:%S.%g') || 'Z' END`},
		{"date", `(t) AS t::DATE`},
		{"date_parse", `(s, f) AS system.main.strptime(s, trino_mysql(f))`},
		{"date_format", `(t, f) AS system.main.strftime(t, trino_mysql(f))`},
		{"parse_datetime", `(s, f) AS system.main.strptime(s, trino_joda(f))::TIMESTAMPTZ`},
		{"format_datetime", `(t, f) AS system.main.strftime(t, trino_joda(f))`},
		{"date_diff", `(u, a, b) AS system.main.date_sub(u, a, b)`},
		{"date_add", `(u, n, t) AS system.main.cast_to_type(t + trino_interval(u, n), t)`},
		{"trino_interval", `(u, n) AS CASE system.main.lower(u) WHEN 'millisecond' THEN system.main.to_milliseconds(n) WHEN 'second' THEN system.main.to_seconds(n)
			WHEN 'minute' THEN system.main.to_minutes(n) WHEN 'hour' THEN system.main.to_hours(n) WHEN 'day' THEN system.main.to_days(n::INTEGER) WHEN 'week' THEN system.main.to_weeks(n::INTEGER)
			WHEN 'month' THEN system.main.to_months(n::INTEGER) WHEN 'quarter' THEN system.main.to_months(3 * n::INTEGER) WHEN 'year' THEN system.main.to_years(n::INTEGER)
			ELSE CAST('trino: date_add does not know the unit ' || u AS INTERVAL) END`},
		{"from_unixtime", `(s) AS system.main.to_timestamp(s)`},
		{"to_unixtime", `(t) AS system.main.epoch(t)`},
		{"day_of_week", `(t) AS system.main.isodow(t)`},
		{"dow", `(t) AS system.main.isodow(t)`},
		{"day_of_month", `(t) AS system.main.day(t)`},
		{"day_of_year", `(t) AS system.main.dayofyear(t)`},
		// The placeholders keep what is mapped from being mapped again.
		{"trino_mysql", `(f) AS CASE WHEN system.main.regexp_matches(f, '%[^aAbBcdefhHiIjkKlmMpsSTWyYr]|%%|%$') THEN CAST(CAST('trino: date format ' || f || ' is not supported' AS INTEGER) AS VARCHAR)
			ELSE ` + replaced("f", "%M", "%B", "%W", "%A", "%i", "%M", "%s", "%S", "%h", "%I", "%c", "%-m", "%e", "%-d", "%k", "%-H", "%l", "%-I", "%T", "%H:%M:%S", "%r", "%I:%M:%S %p") + ` END`},
		{"trino_joda", `(f) AS trino_letters(` + replaced("f", "''T''", "\x01", "''Z''", "\x02", "SSS", "%g", "EEEE", "%A", "EEE", "%a", "MMMM", "%B", "MMM", "%b",
			"yyyy", "%Y", "MM", "%m", "dd", "%d", "HH", "%H", "mm", "%M", "ss", "%S", "hh", "%I", "Z", "%z") + `, f)`},
		{"trino_letters", `(g, f) AS CASE WHEN system.main.regexp_matches(system.main.regexp_replace(g, '%[a-zA-Z]', '', 'g'), '[A-Za-z'']') THEN CAST(CAST('trino: date format ' || f || ' is not supported' AS INTEGER) AS VARCHAR)
			ELSE system.main.replace(system.main.replace(g, '` + "\x01" + `', 'T'), '` + "\x02" + `', 'Z') END`},

		{"element_at", `(a, k) AS a[k]`},
		{"cardinality", `(a) AS CASE WHEN a IS NULL THEN NULL WHEN system.main.json_type(system.main.to_json(a)) = 'ARRAY' THEN system.main.json_array_length(system.main.to_json(a))::BIGINT ELSE system.main.len(system.main.json_keys(system.main.to_json(a)))::BIGINT END`},
		{"contains", `(a, x) AS system.main.list_contains(a, x)`},
		{"array_position", `(a, x) AS CASE WHEN a IS NOT NULL AND x IS NOT NULL THEN coalesce(system.main.list_position(a, x), 0) END`},
		{"array_join", `(a, s) AS system.main.array_to_string(a, s)`},
		{"arrays_overlap", `(a, b) AS system.main.list_has_any(a, b)`},
		{"trino_any", `(b) AS CASE WHEN system.main.list_contains(b, true) THEN true WHEN system.main.len(b) <> system.main.list_count(b) THEN NULL WHEN b IS NOT NULL THEN false END`},
		{"trino_all", `(b) AS CASE WHEN system.main.list_contains(b, false) THEN false WHEN system.main.len(b) <> system.main.list_count(b) THEN NULL WHEN b IS NOT NULL THEN true END`},
		{"trino_none", `(b) AS NOT trino_any(b)`},
		{"map_agg", `(k, v) AS trino_map(system.main.list(k) FILTER (WHERE k IS NOT NULL), system.main.list(v) FILTER (WHERE k IS NOT NULL))`},
		{"trino_map", `(ks, vs) AS system.main.map(system.main.list_distinct(ks), system.main.list_transform(system.main.list_distinct(ks), lambda k: vs[system.main.list_position(ks, k)]))`},
		{"greatest", `(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN system.main.greatest(a, b) END,
			(a, b, c) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL THEN system.main.greatest(a, b, c) END`},
		{"least", `(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN system.main.least(a, b) END,
			(a, b, c) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL THEN system.main.least(a, b, c) END`},

		// An IPADDRESS is a number, an IPv4 address that of its IPv4-mapped form.
		{"trino_ip", `(s) AS CASE WHEN s IS NULL THEN NULL WHEN system.main.regexp_full_match(s, '(\d{1,3}\.){3}\d{1,3}') THEN trino_ipv4(s)
			WHEN system.main.regexp_full_match(s, '[0-9a-fA-F:]*:[0-9a-fA-F:]*') AND system.main.len(system.main.string_split(s, '::')) <= 2 THEN trino_ipv6(s)
			ELSE CAST('trino: cannot cast ' || s || ' to IPADDRESS' AS UHUGEINT) END`},
		{"trino_ipv4", `(s) AS system.main.list_reduce(system.main.list_transform(system.main.string_split(s, '.'), lambda p: p::UTINYINT::UHUGEINT), lambda a, p: a * 256 + p, 65535::UHUGEINT)`},
		{"trino_ipv6", `(s) AS trino_groups(trino_parts(system.main.split_part(s, '::', 1)), trino_parts(system.main.split_part(s, '::', 2)), s)`},
		{"trino_parts", `(s) AS CASE WHEN s = '' THEN []::VARCHAR[] ELSE system.main.string_split(s, ':') END`},
		{"trino_groups", `(l, r, s) AS CASE WHEN system.main.contains(s, '::') = (system.main.len(l) + system.main.len(r) < 8) AND system.main.len(l) + system.main.len(r) <= 8
			THEN system.main.list_reduce(system.main.list_transform(l || system.main.list_resize([]::VARCHAR[], 8 - system.main.len(l) - system.main.len(r), '0') || r, lambda p: ('0x' || p)::USMALLINT::UHUGEINT),
				lambda a, p: a * 65536 + p, 0::UHUGEINT)
			ELSE CAST('trino: cannot cast ' || s || ' to IPADDRESS' AS UHUGEINT) END`},
		{"trino_in_cidr", `(c, ip) AS trino_prefix(ip, trino_free(c)) = trino_prefix(trino_ip(system.main.split_part(c, '/', 1)), trino_free(c))`},
		{"trino_free", `(c) AS CASE WHEN system.main.contains(c, ':') THEN 128 ELSE 32 END - system.main.split_part(c, '/', 2)::INTEGER`},
		{"trino_prefix", `(ip, free) AS CASE WHEN free = 128 THEN 0::UHUGEINT ELSE ip >> free::UHUGEINT END`},
	}
}

// replaced nests calls of replace.
func replaced(expression string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		old, mark := pairs[i], pairs[i+1]
		// A mapped format is written with a mark in place of its % until the end.
		expression = "system.main.replace(" + expression + ", '" + old + "', '" + strings.ReplaceAll(mark, "%", "\x05") + "')"
	}
	return "system.main.replace(" + expression + ", '\x05', '%')"
}

// Macros returns the statements that create what a translation needs, in the
// order that they need each other.
func (t Translation) Macros() []string {
	var created []string
	var names []string
	var create func(name string)
	all := macros()
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
