package trino

func timeMacros() []macro { //nolint:funlen // a table
	return []macro{
		// CloudTrail has times without seconds too.
		{"from_iso8601_timestamp", `(s) AS CASE WHEN system.main.length(s) = 17 THEN system.main.replace(s, 'Z', ':00Z') ELSE s END::TIMESTAMPTZ`},
		{"from_iso8601_date", `(s) AS s::DATE`},
		{"to_iso8601", `(t) AS CASE system.main.typeof(t) WHEN 'DATE' THEN system.main.strftime(t, '%Y-%m-%d') WHEN 'TIMESTAMP' THEN system.main.strftime(t, '%Y-%m-%dT%H:%M:%S.%g')
			WHEN 'TIMESTAMP_S' THEN system.main.strftime(t, '%Y-%m-%dT%H:%M:%S') ELSE system.main.strftime(t, '%Y-%m-%dT%H:%M:%S.%g') || 'Z' END`},
		{"trino_time_text", `(t, k) AS CASE WHEN k = 'TIMESTAMP_S' THEN system.main.strftime(t::TIMESTAMP, '%Y-%m-%d %H:%M:%S')
			WHEN system.main.microsecond(t::TIMESTAMP) % 1000 <> 0 THEN system.main.strftime(t::TIMESTAMP, '%Y-%m-%d %H:%M:%S.%f') ELSE system.main.strftime(t::TIMESTAMP, '%Y-%m-%d %H:%M:%S.%g') END
			|| CASE WHEN k = 'TIMESTAMP WITH TIME ZONE' THEN ' UTC' ELSE '' END`},
		{"date", `(t) AS t::DATE`},
		{"date_trunc", `(u, t) AS system.main.cast_to_type(system.main.date_trunc(u, t), t)`},
		{"date_parse", `(s, f) AS system.main.strptime(s, trino_mysql(f))`},
		{"date_format", `(t, f) AS system.main.strftime(t, trino_mysql(f))`},
		{"parse_datetime", `(s, f) AS system.main.strptime(s, trino_joda(f))::TIMESTAMPTZ`},
		{"format_datetime", `(t, f) AS system.main.strftime(t, system.main.replace(trino_joda(f), '%z', '+0000'))`},
		{"date_diff", `(u, a, b) AS system.main.date_sub(u, a, b)`},
		{"date_add", `(u, n, t) AS system.main.cast_to_type(t + CASE WHEN system.main.typeof(t) = 'DATE' AND system.main.lower(u) IN ('millisecond', 'second', 'minute', 'hour')
			THEN CAST('trino: date_add adds no ' || u || ' to a date' AS INTERVAL) ELSE trino_interval(u, n) END, t)`},
		{"trino_interval", `(u, n) AS CASE system.main.lower(u) WHEN 'millisecond' THEN system.main.to_milliseconds(n) WHEN 'second' THEN system.main.to_seconds(n)
			WHEN 'minute' THEN system.main.to_minutes(n) WHEN 'hour' THEN system.main.to_hours(n) WHEN 'day' THEN system.main.to_days(n::INTEGER) WHEN 'week' THEN system.main.to_weeks(n::INTEGER)
			WHEN 'month' THEN system.main.to_months(n::INTEGER) WHEN 'quarter' THEN system.main.to_months(3 * n::INTEGER) WHEN 'year' THEN system.main.to_years(n::INTEGER)
			ELSE CAST('trino: date_add does not know the unit ' || u AS INTERVAL) END`},
		{"from_unixtime", `(s) AS system.main.to_timestamp(s)`},
		{"to_unixtime", `(t) AS system.main.epoch(t)`},
		{"millisecond", `(t) AS system.main.millisecond(t) % 1000`},
		{"day_of_week", `(t) AS system.main.isodow(t)`},
		{"dow", `(t) AS system.main.isodow(t)`},
		{"day_of_month", `(t) AS system.main.day(t)`},
		{"day_of_year", `(t) AS system.main.dayofyear(t)`},
		{"doy", `(t) AS system.main.dayofyear(t)`},
		{"week_of_year", `(t) AS system.main.week(t)`},
		{"last_day_of_month", `(t) AS system.main.last_day(t)`},
		{"trino_mysql", `(f) AS CASE WHEN system.main.regexp_matches(f, '%[^aAbBcdefhHiIjkKlmMpsSTWyYr]|%%|%$') THEN CAST(CAST('trino: date format ' || f || ' is not supported' AS INTEGER) AS VARCHAR)
			ELSE ` + mapped("f", "%M", "%B", "%W", "%A", "%i", "%M", "%s", "%S", "%h", "%I", "%c", "%-m", "%e", "%-d", "%k", "%-H", "%l", "%-I", "%T", "%H:%M:%S", "%r", "%I:%M:%S %p") + ` END`},
		{"trino_joda", `(f) AS trino_letters(` + mapped("f", "''T''", "\x01", "''Z''", "\x02", "''Z", "\x02", "SSS", "%g", "EEEE", "%A", "EEE", "%a", "E", "%a", "MMMM", "%B", "MMM", "%b", "MM", "%m", "M", "%-m",
			"yyyy", "%Y", "yy", "%y", "dd", "%d", "d", "%-d", "HH", "%H", "H", "%-H", "hh", "%I", "h", "%-I", "mm", "%M", "m", "%-M", "ss", "%S", "s", "%-S", "a", "%p", "Z", "%z") + `, f)`},
		{"trino_letters", `(g, f) AS CASE WHEN system.main.regexp_matches(system.main.regexp_replace(g, '%-?[a-zA-Z]', '', 'g'), '[A-Za-z'']') THEN CAST(CAST('trino: date format ' || f || ' is not supported' AS INTEGER) AS VARCHAR)
			ELSE system.main.replace(system.main.replace(g, '` + "\x01" + `', 'T'), '` + "\x02" + `', 'Z') END`},
	}
}

// mapped nests calls of replace that write each part of a format as another.
// Marks keep what is written from being read again.
func mapped(format string, pairs ...string) string {
	const firstMark = '\ue000' // for private use
	for i := 0; i+1 < len(pairs); i += 2 {
		format = "system.main.replace(" + format + ", '" + pairs[i] + "', '" + string(rune(firstMark+i)) + "')"
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		format = "system.main.replace(" + format + ", '" + string(rune(firstMark+i)) + "', '" + pairs[i+1] + "')"
	}
	return format
}
