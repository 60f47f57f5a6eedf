package trino

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTranslate(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT a FROM awsdatacatalog."default".x`:       `SELECT a FROM x`,
		`SELECT CASE WHEN a THEN b ELSE default.x.c END`: `SELECT CASE WHEN a THEN b ELSE x.c END`,
		`SELECT concat(a, f(b, c)) -- concat(a, b)`:      `SELECT ((a) || ( f(b, c))) -- concat(a, b)`,
		`SELECT 'concat(a)', "concat"`:                   `SELECT 'concat(a)', "concat"`,
		`SELECT count(*) FILTER (WHERE a)`:               `SELECT count(*) FILTER (WHERE a)`,
		`CAST(a AS ARRAY(ARRAY<VARCHAR>))`:               `CAST(a AS VARCHAR[][])`,
		`CAST(a AS MAP(VARCHAR, ARRAY(BIGINT)))`:         `CAST(a AS MAP(VARCHAR, BIGINT[]))`,
		`a TABLESAMPLE BERNOULLI (5)`:                    `a TABLESAMPLE BERNOULLI (5 PERCENT)`,
		`TIMESTAMP '2026-01-01 00:00:00 UTC'`:            `TIMESTAMPTZ '2026-01-01 00:00:00 UTC'`,
		`TIMESTAMP '2026-01-01 00:00:00'`:                `TIMESTAMP '2026-01-01 00:00:00'`,
		`UNNEST(resources) AS t(a, b, c)`:                `LATERAL (SELECT u."arn" AS a, u."accountid" AS b, u."type" AS c FROM (SELECT unnest((resources)) AS u)) AS t`,
		`UNNEST(resources) r`:                            `LATERAL (SELECT u."arn" AS arn, u."accountid" AS accountid, u."type" AS type FROM (SELECT unnest((resources)) AS u)) r`,
		`UNNEST(f(m)) WITH ORDINALITY AS t(k, "v", n)`:   `LATERAL (SELECT u."key" AS k, u."value" AS "v", n AS n FROM (SELECT unnest(list) AS u, generate_subscripts(list, 1) AS n FROM (SELECT map_entries(f(m)) AS list))) AS t`,
		`UNNEST(a) WITH ORDINALITY AS t(x, n)`:           `UNNEST(a) WITH ORDINALITY AS t(x, n)`,
		`a.b[1] AT TIME ZONE 'UTC'`:                      `trino_zoned(a.b[1] , 'UTC')`,
		`date_trunc('day', f(x) AT TIME ZONE 'UTC')`:     `trino_zoned_trunc('day', trino_zoned(f(x) , 'UTC'))`,
		`at_timezone(max(t), '+01:00')`:                  `trino_zoned(max(t), '+01:00')`,
		`concat(a`:                                       `concat(a`,
		`approx_distinct(a, 0.1)`:                        `count(DISTINCT a)`,
	} {
		got, err := Translate(sql)
		if err != nil || got.SQL != want {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", sql, got.SQL, err, want)
		}
	}
}

func TestDefines(t *testing.T) {
	for sql, want := range map[string]bool{
		"CREATE EXTERNAL TABLE cloudtrail_logs (a STRING) PARTITIONED BY (region STRING) LOCATION 's3://b/';": true,
		"create external table if not exists `default`.`cloudtrail_logs`(a STRUCT<b:STRING>)":                 true,
		"ALTER TABLE cloudtrail_logs ADD IF NOT EXISTS PARTITION (year='2026') LOCATION 's3://b/'":            true,
		"-- first\nMSCK REPAIR TABLE cloudtrail_logs;":                                                        true,
		"CREATE EXTERNAL TABLE other (a STRING)":                                                              false,
		"CREATE TABLE cloudtrail_logs (a STRING)":                                                             false,
		"CREATE EXTERNAL TABLE cloudtrail_logs (a STRING); DROP TABLE cloudtrail_logs":                        false,
		"ALTER TABLE cloudtrail_logs DROP PARTITION (year='2026')":                                            false,
		"MSCK REPAIR TABLE cloudtrail_logs DROP PARTITIONS":                                                   false,
		"SELECT 'MSCK REPAIR TABLE cloudtrail_logs'":                                                          false,
		"": false,
	} {
		if got := Defines(sql, "cloudtrail_logs"); got != want {
			t.Errorf("Defines(%q) = %v", sql, got)
		}
	}
}

// FuzzTranslate holds that what is not replaced keeps its place.
func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{"SELECT concat(a, b) / 2 FROM default.x", "CAST(a AS ARRAY(", "reduce(a, 0, (s, x) -> s, s -> s)", "UNNEST(m) t(k, v)",
		"UNNEST(resources) AS t(a,,)", "current_date - interval '1' day", "TABLESAMPLE (", "'a", `"`, "/*", "CAST( AS )", "contains(a, IPADDRESS",
		"SELECT a.b[1] AT TIME ZONE 'UTC', date_trunc('day', (x) AT TIME ZONE '+01:00')", "AT TIME ZONE", "at_timezone(", "EXTRACT(dow FROM now() AT TIME ZONE 'UTC')"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		got, err := Translate(sql)
		if err != nil {
			return
		}
		last := 0
		for at := range len(got.SQL) + 1 {
			place := got.Position(at)
			if place < 0 || place > len(sql) {
				t.Fatalf("Position(%d) = %d beyond %q", at, place, sql)
			}
			last = max(last, place)
		}
		if len(got.edits) == 0 && got.SQL != sql {
			t.Errorf("%q became %q", sql, got.SQL)
		}
		Names(sql, "events")
		Defines(sql, "cloudtrail_logs")
	})
}

// TestLongStatement nests calls.
func TestLongStatement(t *testing.T) {
	got, err := Translate(strings.Repeat("concat(a, ", 50) + "b" + strings.Repeat(")", 50))
	if err != nil || strings.Contains(got.SQL, "concat") {
		t.Errorf("%s, %v", got.SQL, err)
	}
}

// TestDocumented holds that the page about queries names the functions that are
// refused, and no others, and that every name of the table there is one.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/query.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	_, rest, found := strings.Cut(text, "- JSON paths with wildcards, ")
	sentence, _, ends := strings.Cut(rest, " are refused")
	if !found || !ends {
		t.Fatal("docs/query.md does not say what is refused")
	}
	var named []string
	for _, match := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(sentence, -1) {
		named = append(named, match[1])
		if _, err := Translate("SELECT " + match[1] + "(a, b)"); err == nil {
			t.Errorf("docs/query.md says that %s is refused, and it is not", match[1])
		}
	}
	if want := slices.Sorted(slices.Values(unlike())); !slices.Equal(slices.Sorted(slices.Values(named)), want) {
		t.Errorf("docs/query.md says that %v are refused, want %v", named, want)
	}
	tables := regexp.MustCompile("`([a-z.]*\\bcloudtrail_logs)`").FindAllStringSubmatch(text, -1)
	if len(tables) < 3 {
		t.Errorf("%d names of the table in docs/query.md", len(tables))
	}
	for _, match := range tables {
		if sql := "SELECT 1 FROM " + match[1]; !Names(sql, "cloudtrail_logs") || Names(sql, "events") {
			t.Errorf("%s does not name cloudtrail_logs alone", sql)
		}
	}
}
