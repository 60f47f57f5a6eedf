package duckdb

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// TestScannedColumns wants the columns that a statement reads to be checked, and
// few others.
func TestScannedColumns(t *testing.T) {
	var asked []string
	db := open(t, Options{Parts: tenDays(t), Verify: func(_ context.Context, columns []string) ([]string, error) {
		asked = columns
		return nil, nil
	}})
	everything := 0
	for range lake.RecordColumns() {
		everything++
	}
	for _, test := range []struct{ sql, want string }{
		{"SELECT count(*) FROM events", ""},
		{"SELECT event_name, count(*) FROM events GROUP BY ALL", "event_name"},
		{"SELECT event_id FROM events WHERE event_name = 'DeleteBucket'", "event_id event_name"},
		{"SELECT count(*) FROM events WHERE event_name = $name", "event_name"},
		{"SELECT count(*) FROM events WHERE event_name LIKE 'Delete%' OR error_code IS NULL", "error_code event_name"},
		{"SELECT event_id FROM events ORDER BY event_time LIMIT 3", "event_id event_time"},
		{"SELECT max(event_time) FROM events WHERE event_date = '2026-01-03'", "event_time"},
		{"SELECT request_parameters->>'bucketName' AS b FROM events WHERE identity_user_name = 'alice'", "identity_user_name request_parameters"},
		{"SELECT eventname, useridentity.username FROM cloudtrail_logs WHERE awsregion = 'eu-west-2'", "aws_region event_name identity_user_name"},
		{"SELECT useridentity.sessioncontext.sessionissuer.arn FROM cloudtrail_logs", "user_identity"},
		{"SELECT useridentity.arn, tlsdetails.tlsversion FROM cloudtrail_logs", "identity_arn tls_details"},
		{`SELECT eventid, "$path" FROM cloudtrail_logs WHERE "timestamp" = '2026/01/02'`, "event_id log_file"},
		{"SELECT eventid, addendum.reason, edgedevicedetails FROM cloudtrail_logs", "addendum edge_device_details event_id"},
		{"SELECT resources[1].arn FROM cloudtrail_logs", "resources"},
		{"WITH a AS (SELECT event_id, event_name FROM events), b AS (SELECT event_id, user_agent FROM events) SELECT a.event_name, b.user_agent FROM a JOIN b USING (event_id)", "event_id event_name user_agent"},
		{"SELECT event_name FROM events WHERE event_id IN (SELECT event_id FROM events WHERE source_ip_address IS NULL)", "event_id event_name source_ip_address"},
		{"SELECT (SELECT max(api_version) FROM events) AS v, 1", "api_version"},
		{"SELECT event_name FROM events UNION ALL SELECT aws_region FROM events", "aws_region event_name"},
		{"SELECT DISTINCT ON (aws_region) aws_region, event_source FROM events", "aws_region event_source"},
		{"SELECT sum(CASE WHEN read_only THEN 1 END) OVER (PARTITION BY event_source ORDER BY event_time) FROM events", "event_source event_time read_only"},
		{"SELECT 1", ""},
	} {
		params := map[string]any{}
		if strings.Contains(test.sql, "$name") {
			params["name"] = "GetObject"
		}
		asked = nil
		if _, err := all(db, test.sql, params); err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		slices.Sort(asked)
		if got := strings.Join(asked, " "); got != test.want {
			t.Errorf("%s\nchecks %q, want %q", test.sql, got, test.want)
		}
	}
	for _, sql := range []string{"SELECT * FROM events", "EXPLAIN ANALYZE SELECT 1 FROM events", "SUMMARIZE events"} {
		if _, err := all(db, sql, nil); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if len(asked) < everything-1 { // explicit_nulls is in no view
			t.Errorf("%s: checks %d columns of %d", sql, len(asked), everything)
		}
	}
}

// TestDamagedPartsAreLeftOut answers from the parts that are not damaged.
func TestDamagedPartsAreLeftOut(t *testing.T) {
	parts := tenDays(t)
	db := open(t, Options{Parts: parts, Verify: func(_ context.Context, columns []string) ([]string, error) {
		if slices.Contains(columns, "event_id") {
			return pathsOf(parts[2:4]), nil
		}
		return nil, nil
	}})
	const whole, other = "SELECT event_name, event_date FROM events", "SELECT event_id, event_date FROM events"
	if got := len(mustAll(t, db, whole)); got != 1000 {
		t.Errorf("%d rows of undamaged columns", got)
	}
	if got := len(mustAll(t, db, other)); got != 800 {
		t.Errorf("%d rows of which two parts are damaged", got)
	}
	for _, row := range mustAll(t, db, "SELECT DISTINCT day FROM cloudtrail_logs") {
		if row[0] == "03" || row[0] == "04" {
			t.Errorf("day %s is there, whose part is damaged", row[0])
		}
	}
	all := open(t, Options{Parts: parts, Verify: func(context.Context, []string) ([]string, error) { return pathsOf(parts), nil }})
	if got := len(mustAll(t, all, whole)); got != 0 {
		t.Errorf("%d rows of a lake that is damaged altogether", got)
	}
}
