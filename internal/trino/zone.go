package trino

import (
	"slices"
	"strings"
)

// A time in a zone is a struct of the moment, the name of the zone and the clock
// there. DuckDB compares and adds nothing to a struct, so what is not translated
// fails. Two zones are not equal for the same moment, as they are in Trino:
// hence one zone for the times that are not taken apart where they are made.

// ZonedFields returns the fields of the struct that represents a time in a
// zone.
func ZonedFields() []string { return []string{"trino_at", "trino_zone", "trino_clock"} }

// fieldsOfTime returns the functions that extract a part of a time or format
// it.
func fieldsOfTime() []string {
	return []string{
		"year", "quarter", "month", "week", "week_of_year", "day", "day_of_month", "day_of_week", "dow", "day_of_year", "doy",
		"hour", "minute", "second", "millisecond", "timezone_hour", "timezone_minute", "date", "last_day_of_month",
		"date_format", "format_datetime", "to_iso8601", "to_unixtime", "cast", "try_cast",
	}
}

// inZones reports whether a statement has times in zones.
func inZones(tokens []token) bool {
	for i, t := range tokens {
		if t.is("AT") && i+2 < len(tokens) && tokens[i+1].is("TIME") && tokens[i+2].is("ZONE") || t.is("at_timezone") || t.is("with_timezone") {
			return true
		}
	}
	return false
}

// atTimeZone translates value AT TIME ZONE 'name'.
func (r *rewriter) atTimeZone(at int) {
	first, zone := r.operand(at), r.token(at+3)
	switch {
	case zone.kind != text:
		r.refuse(at, "the zone of AT TIME ZONE must be a literal, such as 'Europe/Berlin' or '+02:00'")
	case first < 0:
		r.refuse(at, "AT TIME ZONE is supported after a column, a call, a literal and parentheses")
	default:
		r.edits = append(r.edits, edit{r.token(first).start, r.token(first).start, "trino_zoned("})
		r.replace(at, at+3, ", "+zone.name+")")
		r.inZone(first, at+3, zone.name)
		r.need("trino_zoned")
	}
}

// zoneCall translates at_timezone(value, 'name') and with_timezone.
func (r *rewriter) zoneCall(at int, name string, commas []int, end int) {
	if len(commas) != 1 || commas[0]+2 != end || r.token(end-1).kind != text {
		r.refuse(at, "the zone of %s must be a literal, such as 'Europe/Berlin' or '+02:00'", name)
		return
	}
	macro := map[string]string{"at_timezone": "trino_zoned", "with_timezone": "trino_in_zone"}[name]
	r.replace(at, at, macro)
	r.need(macro)
	r.inZone(at, end, r.token(end-1).name)
}

// inZone keeps the zone of a time between two tokens, unless the enclosing call
// extracts a part of the time.
func (r *rewriter) inZone(first, last int, zone string) {
	before, after := r.token(first-1), r.token(last+1)
	if before.is("FROM") && r.token(first-3).is("(") && r.token(first-4).is("EXTRACT") {
		return
	}
	whole := (before.is("(") || before.is(",")) && (after.is(")") || after.is(",") || after.is("AS"))
	if call := r.token(r.opening(first) - 1); whole && slices.Contains(fieldsOfTime(), strings.ToLower(call.name)) {
		return
	}
	if r.zone != "" && r.zone != zone {
		r.refuse(first, "times in more than one zone are supported only where date_format or another function takes each apart: %s and %s", r.zone, zone)
	}
	r.zone = zone
}

// opening returns the index of the parenthesis that encloses a token, or -1.
func (r *rewriter) opening(at int) int {
	for i := at - 1; i >= 0; i-- {
		if end, opens := r.matched()[i]; opens && end >= at {
			return i
		}
	}
	return -1
}

// operand returns the start of the expression before a token, or -1.
func (r *rewriter) operand(at int) int {
	at--
	for {
		switch t := r.token(at); {
		case t.is(")"), t.is("]"):
			open := -1
			for i, end := range r.matched() {
				if end == at {
					open = i
				}
			}
			if open < 0 {
				return -1
			}
			at = open
			if t.is("]") {
				at--
				continue
			}
			if name := r.token(at - 1); name.kind == word && !isClause(name.name) {
				at--
			}
			return at
		case t.kind == text:
			if r.token(at - 1).is("TIMESTAMP") {
				return at - 1
			}
			return -1
		case t.kind == word || t.kind == quoted:
			if !r.token(at - 1).is(".") {
				return at
			}
			at -= 2
		default:
			return -1
		}
	}
}

// isClause reports whether a word before a parenthesis is a keyword rather than
// the name of a function.
func isClause(name string) bool {
	return slices.Contains([]string{"SELECT", "WHERE", "AND", "OR", "NOT", "ON", "BY", "HAVING", "WHEN", "THEN", "ELSE", "IN", "BETWEEN", "DISTINCT", "FROM"}, strings.ToUpper(name))
}

// zonedArgument reports whether the tokens between two are a time in a zone.
func (r *rewriter) zonedArgument(from, to int) bool {
	if to-4 > from && r.token(to-4).is("AT") && r.token(to-3).is("TIME") && r.operand(to-4) == from {
		return true
	}
	if !r.token(from+1).is("(") || r.closing(from+1) != to-1 {
		return false
	}
	commas, end := r.commas(from + 1)
	t := r.token(from)
	return t.is("at_timezone") || t.is("with_timezone") ||
		(t.is("date_trunc") || t.is("date_add")) && len(commas) > 0 && r.zonedArgument(commas[len(commas)-1]+1, end)
}

// zonedMacros hide those of the same names in a statement with times in zones.
// They read the text of a struct, as no expression may name the fields of what
// may be none.
func zonedMacros() []macro {
	made := []macro{
		{"trino_zoned", `(t, z) AS trino_zoned_of(t::TIMESTAMPTZ, z)`},
		{"trino_in_zone", `(t, z) AS trino_zoned_of(trino_moment(t::TIMESTAMP, z), z)`},
		{"trino_zoned_of", `(t, z) AS CASE WHEN t IS NOT NULL THEN {'trino_at': t, 'trino_zone': z, 'trino_clock': trino_there(t, z)} END`},
		{"trino_there", `(t, z) AS CASE WHEN trino_is_offset(z) THEN t::TIMESTAMP + trino_offset_of(z) ELSE system.main.timezone(z, t) END`},
		{"trino_moment", `(t, z) AS CASE WHEN trino_is_offset(z) THEN (t - trino_offset_of(z))::TIMESTAMPTZ ELSE system.main.timezone(z, t) END`},
		{"trino_is_offset", `(z) AS system.main.regexp_full_match(z, '[+-]\d\d:?\d\d')`},
		{"trino_offset_of", `(z) AS system.main.to_minutes(coalesce(CASE WHEN z[1] = '-' THEN -1 ELSE 1 END * (TRY_CAST(z[2:3] AS BIGINT) * 60 + TRY_CAST(z[-2:] AS BIGINT)), 0))`},
		{"trino_is_zoned", `(t) AS system.main.starts_with(system.main.typeof(t), 'STRUCT(trino_at')`},
		{"trino_clock", `(t) AS CASE WHEN trino_is_zoned(t) THEN system.main.regexp_extract(t::VARCHAR, '''trino_clock'': ''?([^''}]*)', 1) ELSE t::VARCHAR END::TIMESTAMP`},
		{"trino_at", `(t) AS CASE WHEN trino_is_zoned(t) THEN system.main.regexp_extract(t::VARCHAR, '''trino_at'': ''?([^'',]*)', 1) ELSE t::VARCHAR END::TIMESTAMPTZ`},
		{"trino_zone_of", `(t) AS CASE WHEN trino_is_zoned(t) THEN system.main.regexp_extract(t::VARCHAR, '''trino_zone'': ''?([^'',]*)', 1) ELSE 'UTC' END`},
		{"trino_minutes", `(t) AS system.main.date_diff('minute', trino_at(t)::TIMESTAMP, trino_clock(t))`},
		{"trino_offset", `(t, s) AS CASE WHEN trino_minutes(t) < 0 THEN '-' ELSE '+' END || system.main.printf('%02d%s%02d', system.main.abs(trino_minutes(t)) // 60, s, system.main.abs(trino_minutes(t)) % 60)`},
		{"trino_zoned_trunc", `(u, t) AS CASE WHEN trino_is_short(u) THEN trino_zoned_of(trino_at(t) - (trino_clock(t) - system.main.date_trunc(u, trino_clock(t))), trino_zone_of(t))
			ELSE trino_in_zone(system.main.date_trunc(u, trino_clock(t)), trino_zone_of(t)) END`},
		{"trino_zoned_add", `(u, n, t) AS CASE WHEN trino_is_short(u) THEN trino_zoned_of(trino_at(t) + trino_interval(u, n), trino_zone_of(t))
			ELSE trino_in_zone(trino_clock(t) + trino_interval(u, n), trino_zone_of(t)) END`},
		{"trino_is_short", `(u) AS system.main.lower(u) IN ('millisecond', 'second', 'minute', 'hour')`},
		{"date_diff", `(u, a, b) AS CASE WHEN trino_is_short(u) THEN system.main.date_sub(u, trino_at(a), trino_at(b))
			ELSE system.main.date_sub(u, trino_clock(a), trino_there(trino_at(b), trino_zone_of(a))) END`},
		{"to_unixtime", `(t) AS system.main.epoch(trino_at(t))`},
		{"timezone_hour", `(t) AS trino_minutes(t) // 60`},
		{"timezone_minute", `(t) AS trino_minutes(t) % 60`},
		{"trino_date", `(t) AS trino_clock(t)::DATE`},
		{"millisecond", `(t) AS system.main.millisecond(trino_clock(t)) % 1000`},
		{"date_format", `(t, f) AS system.main.strftime(trino_clock(t), trino_mysql(f))`},
		{"format_datetime", "(t, f) AS system.main.replace(system.main.strftime(trino_clock(t), system.main.replace(trino_joda(f), '%z', '\x03')), '\x03', trino_offset(t, ''))"},
		{"to_iso8601", `(t) AS CASE WHEN system.main.typeof(t) = 'DATE' THEN system.main.strftime(trino_clock(t), '%Y-%m-%d')
			WHEN system.main.typeof(t) = 'TIMESTAMP_S' THEN system.main.strftime(trino_clock(t), '%Y-%m-%dT%H:%M:%S')
			ELSE system.main.strftime(trino_clock(t), '%Y-%m-%dT%H:%M:%S.%g') || CASE WHEN system.main.typeof(t) = 'TIMESTAMP' THEN '' WHEN trino_minutes(t) = 0 THEN 'Z' ELSE trino_offset(t, ':') END END`},
	}
	for name, function := range map[string]string{
		"year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week", "day": "day", "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow",
		"day_of_year": "dayofyear", "doy": "dayofyear", "hour": "hour", "minute": "minute", "second": "second", "last_day_of_month": "last_day",
	} {
		made = append(made, macro{name, "(t) AS system.main." + function + "(trino_clock(t))"})
	}
	for _, m := range textMacros() {
		if m.name == "trino_varchar" {
			m.body = strings.Replace(m.body, "CASE\n", "CASE WHEN trino_is_zoned(x) THEN system.main.strftime(trino_clock(x), '%Y-%m-%d %H:%M:%S.%g') || ' ' || trino_zone_of(x)\n", 1)
			made = append(made, m)
		}
	}
	return made
}
