package trino

func listMacros() []macro {
	return []macro{
		{"element_at", `(a, k) AS a[k]`},
		{"cardinality", `(a) AS CASE WHEN a IS NULL THEN NULL WHEN system.main.json_type(system.main.to_json(a)) = 'ARRAY' THEN system.main.json_array_length(system.main.to_json(a))::BIGINT ELSE system.main.len(system.main.json_keys(system.main.to_json(a)))::BIGINT END`},
		{"contains", `(a, x) AS CASE WHEN system.main.list_contains(a, x) THEN true WHEN x IS NULL OR system.main.len(a) <> system.main.list_count(a) THEN NULL WHEN a IS NOT NULL THEN false END`},
		{"array_position", `(a, x) AS CASE WHEN a IS NOT NULL AND x IS NOT NULL THEN coalesce(system.main.list_position(a, x), 0) END`},
		{"array_join", `(a, s) AS system.main.array_to_string(a, s),
			(a, s, n) AS system.main.array_to_string(system.main.list_transform(a, lambda x: coalesce(x::VARCHAR, n)), s)`},
		{"arrays_overlap", `(a, b) AS CASE WHEN system.main.list_has_any(a, b) THEN true WHEN system.main.len(a) <> system.main.list_count(a) OR system.main.len(b) <> system.main.list_count(b) THEN NULL
			WHEN a IS NOT NULL AND b IS NOT NULL THEN false END`},
		{"array_distinct", `(a) AS trino_distinct(a)`},
		{"array_union", `(a, b) AS trino_distinct(a || b)`},
		{"array_except", `(a, b) AS trino_distinct(system.main.list_filter(a, lambda y: system.main.list_position(b, y) IS NULL))`},
		{"array_intersect", `(a, b) AS trino_distinct(system.main.list_filter(a, lambda y: system.main.list_position(b, y) IS NOT NULL))`},
		{"trino_distinct", `(a) AS system.main.list_filter(a, lambda x, i: system.main.list_position(a, x) = i)`},
		{"array_remove", `(a, v) AS system.main.list_filter(a, lambda x: x IS NULL OR x <> v)`},
		{"array_max", `(a) AS CASE WHEN system.main.len(a) = system.main.list_count(a) THEN system.main.list_max(a) END`},
		{"array_min", `(a) AS CASE WHEN system.main.len(a) = system.main.list_count(a) THEN system.main.list_min(a) END`},
		{"slice", `(a, s, n) AS CASE WHEN s = 0 OR n < 0 THEN system.main.list_slice(a, 1, CAST('trino: slice starts at 1 or from the end, and takes no length below 0' AS INTEGER))
			WHEN s < -system.main.len(a) THEN system.main.list_slice(a, 1, 0) WHEN s < 0 THEN system.main.list_slice(a, system.main.len(a) + s + 1, system.main.len(a) + s + n) ELSE system.main.list_slice(a, s, s + n - 1) END`},
		{"repeat", `(x, n) AS system.main.list_transform(system.main.range(n), lambda i: x)`},
		{"sequence", `(a, b) AS system.main.list_transform(system.main.range(system.main.abs(b - a)::BIGINT + 1), lambda i: system.main.cast_to_type(a + (i * system.main.sign(b - a))::INTEGER, a)),
			(a, b, s) AS system.main.cast_to_type(system.main.generate_series(a, b, s), [a])`},
		{"trino_any", `(b) AS CASE WHEN system.main.list_contains(b, true) THEN true WHEN system.main.len(b) <> system.main.list_count(b) THEN NULL WHEN b IS NOT NULL THEN false END`},
		{"trino_all", `(b) AS CASE WHEN system.main.list_contains(b, false) THEN false WHEN system.main.len(b) <> system.main.list_count(b) THEN NULL WHEN b IS NOT NULL THEN true END`},
		{"trino_none", `(b) AS NOT trino_any(b)`},
		{"trino_greatest", `(a) AS CASE WHEN system.main.len(a) = system.main.list_count(a) THEN system.main.list_max(a) END`},
		{"trino_least", `(a) AS CASE WHEN system.main.len(a) = system.main.list_count(a) THEN system.main.list_min(a) END`},
		{"map_agg", `(k, v) AS trino_map(system.main.list(k) FILTER (WHERE k IS NOT NULL), system.main.list(v) FILTER (WHERE k IS NOT NULL))`},
		{"trino_map", `(ks, vs) AS system.main.map(system.main.list_distinct(ks), system.main.list_transform(system.main.list_distinct(ks), lambda k: vs[system.main.list_position(ks, k)]))`},
	}
}
