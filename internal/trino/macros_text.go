package trino

import (
	"fmt"
	"strings"
)

func numberMacros() []macro {
	return []macro{
		{"/", `(a, b) AS CASE WHEN trino_integers(a, b) AND b = 0 THEN CAST('trino: Division by zero' AS INTEGER)
			ELSE system.main.cast_to_type(CASE WHEN trino_integers(a, b) THEN system.main."//"(a, b)::VARCHAR ELSE system.main."/"(a, b)::VARCHAR END, a + b) END`},
		{"%", `(a, b) AS trino_remainder(a, b)`},
		{"mod", `(a, b) AS trino_remainder(a, b)`},
		{"trino_remainder", `(a, b) AS CASE WHEN system.main.typeof(a + b) NOT IN ('DOUBLE', 'FLOAT') AND b = 0 THEN CAST('trino: Division by zero' AS INTEGER) ELSE system.main."%"(a, b) END`},
		{"trino_integers", `(a, b) AS system.main.contains(system.main.typeof(a), 'INT') AND system.main.contains(system.main.typeof(b), 'INT')`},
		{"trino_integer", whole("INTEGER")},
		{"trino_bigint", whole("BIGINT")},
		{"bitwise_and", `(a, b) AS a::BIGINT & b::BIGINT`},
		{"bitwise_or", `(a, b) AS a::BIGINT | b::BIGINT`},
		{"bitwise_xor", `(a, b) AS system.main.xor(a::BIGINT, b::BIGINT)`},
		{"bitwise_not", `(a) AS ~(a::BIGINT)`},
		{"to_base", `(n, b) AS system.main.lower(system.main.to_base(n, b))`},
		{"e", `() AS system.main.exp(1)`},
		{"infinity", `() AS 'infinity'::DOUBLE`},
		{"nan", `() AS 'nan'::DOUBLE`},
	}
}

// whole returns the body of a cast to an integer: Trino rounds halves away from
// zero, and rejects text with a fraction.
func whole(kind string) string {
	return `(x) AS CASE system.main.typeof(x) WHEN 'DOUBLE' THEN system.main.round(x::VARCHAR::DOUBLE)::` + kind + `
		WHEN 'VARCHAR' THEN CASE WHEN system.main.regexp_full_match(x::VARCHAR, '\s*[+-]?\d+\s*') THEN x::VARCHAR::` + kind + `
			WHEN x IS NOT NULL THEN CAST('trino: cannot cast ' || x::VARCHAR || ' to ` + strings.ToLower(kind) + `' AS ` + kind + `) END
		ELSE x::` + kind + ` END`
}

func textMacros() []macro {
	return []macro{
		// The type of an argument that is an aggregate is not known when overloads
		// are chosen, so functions of many types look at typeof and at the text.
		{"trino_varchar", `(x) AS CASE
			WHEN system.main.starts_with(system.main.typeof(x), 'STRUCT(` + AddressField + `') THEN trino_address(system.main.regexp_extract(x::VARCHAR, '\d+')::UHUGEINT)
			WHEN system.main.typeof(x) = 'JSON' THEN trino_json_text(x::VARCHAR)
			WHEN system.main.typeof(x) IN ('DOUBLE', 'FLOAT') THEN trino_double(x::VARCHAR)
			WHEN system.main.starts_with(system.main.typeof(x), 'TIMESTAMP') THEN trino_time_text(x::VARCHAR, system.main.typeof(x))
			ELSE x::VARCHAR END`},
		{"trino_varchar_of", `(x, n) AS CASE WHEN system.main.typeof(x) = 'VARCHAR' OR system.main.length(trino_varchar(x)) <= n THEN system.main.left(trino_varchar(x), n)
			WHEN x IS NOT NULL THEN CAST(CAST('trino: a value is longer than varchar(' || n || ')' AS INTEGER) AS VARCHAR) END`},
		{"trino_json_text", `(x) AS CASE WHEN system.main.json_type(x) IN ('OBJECT', 'ARRAY') THEN CAST(CAST('trino: cannot cast a JSON object or array to varchar: json_format writes it' AS INTEGER) AS VARCHAR)
			ELSE system.main.json_extract_string(x, '$') END`},
		{"trino_double", `(t) AS CASE t WHEN 'nan' THEN 'NaN' WHEN 'inf' THEN 'Infinity' WHEN '-inf' THEN '-Infinity' ELSE
			CASE WHEN system.main.starts_with(t, '-') THEN '-' ELSE '' END || trino_scientific(
				system.main.regexp_extract(t, '[0-9.]+'), coalesce(TRY_CAST(system.main.regexp_extract(t, 'e([+-]?\d+)', 1) AS INTEGER), 0)) END`},
		{"trino_scientific", `(m, e) AS CASE WHEN m IS NULL THEN NULL WHEN system.main.trim(m, '0.') = '' THEN '0E0' ELSE
			system.main.left(trino_digits(m), 1) || '.' || CASE WHEN system.main.length(trino_digits(m)) = 1 THEN '0' ELSE system.main.substr(trino_digits(m), 2) END
			|| 'E' || (e + system.main.length(system.main.split_part(m, '.', 1)) - 1
				- system.main.length(system.main.regexp_extract(system.main.replace(m, '.', ''), '^0*'))) END`},
		{"trino_digits", `(m) AS system.main.trim(system.main.replace(m, '.', ''), '0')`},

		{"trino_path", `(p) AS CASE WHEN NOT system.main.starts_with(p, '$') OR system.main.contains(p, '*') OR system.main.contains(p, '..') OR system.main.contains(p, '?') OR system.main.contains(p, '[-')
			THEN CAST(CAST('trino: JSON path ' || p || ' is not supported: members and elements only, such as $.a["b c"][0]' AS INTEGER) AS VARCHAR)
			ELSE system.main.regexp_replace(p, '\[["'']([^"'']*)["'']\]', '."\1"', 'g') END`},
		{"json_extract", `(j, p) AS CASE WHEN system.main.json_valid(j::VARCHAR) THEN system.main.json_extract(j::JSON, trino_path(p)) END`},
		{"json_extract_scalar", `(j, p) AS CASE WHEN NOT system.main.json_valid(j::VARCHAR) THEN NULL
			WHEN system.main.json_type(j::JSON, trino_path(p)) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
			ELSE system.main.json_extract_string(j::JSON, trino_path(p)) END`},
		{"json_size", `(j, p) AS CASE WHEN NOT system.main.json_valid(j::VARCHAR) THEN NULL
			WHEN system.main.json_type(j::JSON, trino_path(p)) = 'ARRAY' THEN system.main.json_array_length(j::JSON, trino_path(p))::BIGINT
			WHEN system.main.json_type(j::JSON, trino_path(p)) = 'OBJECT' THEN system.main.len(system.main.json_keys(j::JSON, trino_path(p)))::BIGINT
			WHEN system.main.json_type(j::JSON, trino_path(p)) IS NOT NULL THEN 0 END`},
		{"json_parse", `(s) AS s::JSON`},
		{"json_format", `(j) AS j::JSON::VARCHAR`},
		{"json_array_length", `(j) AS CASE WHEN system.main.json_valid(j::VARCHAR) AND system.main.json_type(j::JSON) = 'ARRAY' THEN system.main.json_array_length(j::JSON)::BIGINT END`},
		{"json_array_contains", `(j, v) AS CASE WHEN system.main.json_valid(j::VARCHAR) AND system.main.json_type(j::JSON) = 'ARRAY' THEN system.main.json_contains(j::JSON, system.main.to_json(v)) END`},

		{"substr", substr}, {"substring", substr},
		{"replace", `(s, a) AS system.main.replace(s, a, ''), (s, a, b) AS system.main.replace(s, a, b)`},
		{"trino_concat_ws", `(s, a VARCHAR[]) AS system.main.array_to_string(a, s), (s, x) AS system.main.concat_ws(s, x)`},
		{"url_decode", `(s) AS system.main.url_decode(system.main.replace(s, '+', ' '))`},
		{"url_encode", `(s) AS system.main.replace(system.main.replace(system.main.replace(system.main.url_encode(s), '%20', '+'), '%2A', '*'), '~', '%7E')`},
		{"md5", `(b) AS system.main.unhex(system.main.md5(b))`},
		{"sha1", `(b) AS system.main.unhex(system.main.sha1(b))`},
		{"sha256", `(b) AS system.main.unhex(system.main.sha256(b))`},
		{"regexp_like", `(s, p) AS system.main.regexp_matches(s, p)`},
		{"regexp_count", `(s, p) AS system.main.len(system.main.regexp_extract_all(s, p))`},
		{"regexp_extract", `(s, p) AS CASE WHEN system.main.regexp_matches(s, p) THEN system.main.regexp_extract(s, p) END,
			(s, p, g) AS CASE WHEN system.main.regexp_matches(s, p) THEN system.main.regexp_extract(s, p, g) END`},
		{"regexp_replace", `(s, p) AS system.main.regexp_replace(s, p, '', 'g'),
			(s, p, r) AS system.main.regexp_replace(s, p, system.main.regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g')`},
		{"split_part", `(s, d, n) AS CASE WHEN n <= system.main.len(system.main.string_split(s, d)) THEN system.main.split_part(s, d, n) END`},
	}
}

// A start of 0, or one before the text, gives an empty string.
const substr = `(s, n) AS CASE WHEN n = 0 OR n < 0 AND -n > system.main.length(s) THEN system.main.left(s, 0) ELSE system.main.substr(s, n) END,
	(s, n, l) AS CASE WHEN n = 0 OR n < 0 AND -n > system.main.length(s) THEN system.main.left(s, 0) ELSE system.main.substr(s, n, l) END`

// AddressField is the only field of the struct that represents an IPADDRESS:
// its number, for IPv4 that of the IPv4-mapped address. It has its own output
// format.
const AddressField = "trino_address_number"

func addressMacros() []macro {
	return []macro{
		{"trino_ip", `(s) AS CASE WHEN s IS NOT NULL THEN {'` + AddressField + `': trino_ip_number(s)} END`},
		{"trino_ip_number", `(s) AS CASE WHEN system.main.regexp_full_match(s, '(::[fF]{4}:)?(\d{1,3}\.){3}\d{1,3}') THEN trino_ipv4(system.main.regexp_replace(s, '.*:', ''))
			WHEN system.main.regexp_full_match(s, '[0-9a-fA-F:]*:[0-9a-fA-F:]*') AND system.main.len(system.main.string_split(s, '::')) <= 2 THEN trino_ipv6(s)
			ELSE CAST('trino: cannot cast ' || s || ' to IPADDRESS' AS UHUGEINT) END`},
		{"trino_ipv4", `(s) AS system.main.list_reduce(system.main.list_transform(system.main.string_split(s, '.'), lambda p: p::UTINYINT::UHUGEINT), lambda a, p: a * 256 + p, 65535::UHUGEINT)`},
		{"trino_ipv6", `(s) AS trino_groups(trino_parts(system.main.split_part(s, '::', 1)), trino_parts(system.main.split_part(s, '::', 2)), s)`},
		{"trino_parts", `(s) AS CASE WHEN s = '' THEN []::VARCHAR[] ELSE system.main.string_split(s, ':') END`},
		{"trino_groups", `(l, r, s) AS CASE WHEN system.main.contains(s, '::') = (system.main.len(l) + system.main.len(r) < 8) AND system.main.len(l) + system.main.len(r) <= 8
			THEN system.main.list_reduce(system.main.list_transform(l || system.main.list_resize([]::VARCHAR[], 8 - system.main.len(l) - system.main.len(r), '0') || r, lambda p: ('0x' || p)::USMALLINT::UHUGEINT),
				lambda a, p: a * 65536 + p, 0::UHUGEINT)
			ELSE CAST('trino: cannot cast ' || s || ' to IPADDRESS' AS UHUGEINT) END`},
		{"trino_in_cidr", `(c, ip) AS trino_prefix(ip.` + AddressField + `, trino_free(c)) = trino_prefix(trino_ip_number(system.main.split_part(c, '/', 1)), trino_free(c))`},
		{"trino_free", `(c) AS CASE WHEN system.main.contains(c, ':') THEN 128 ELSE 32 END - system.main.split_part(c, '/', 2)::INTEGER`},
		{"trino_prefix", `(n, free) AS CASE WHEN free = 128 THEN 0::UHUGEINT ELSE n >> free::UHUGEINT END`},
		{"trino_address", `(n) AS CASE WHEN n >> 32::UHUGEINT = 65535 THEN
				system.main.array_to_string(system.main.list_transform([24, 16, 8, 0], lambda b: (n >> b::UHUGEINT) % 256), '.')
			ELSE trino_shortened(system.main.array_to_string(system.main.list_transform([112, 96, 80, 64, 48, 32, 16, 0],
				lambda b: system.main.lower(system.main.to_hex(((n >> b::UHUGEINT) % 65536)::UBIGINT))), ':')) END`},
		{"trino_shortened", `(t) AS ` + shortened()},
	}
}

// shortened writes the first of the longest runs of zeros as "::".
func shortened() string {
	var b strings.Builder
	b.WriteString("CASE")
	for n := 7; n >= 1; n-- {
		run := fmt.Sprintf("'(^|:)0(:0){%d}(:|$)'", n)
		b.WriteString(" WHEN system.main.regexp_matches(t, " + run + ") THEN system.main.regexp_replace(t, " + run + ", '::')")
	}
	return b.String() + " ELSE t END"
}
