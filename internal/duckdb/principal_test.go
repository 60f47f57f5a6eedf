package duckdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/lookup"
)

// ingested is the stored way of eitherWay.
func ingested(t *testing.T, path string) *duckdb.DB {
	t.Helper()
	return eitherWay(t, path)["stored columns"]
}

// eitherWay makes a lake of the log files in a folder, or of one file, and returns
// the ways to open it: as it is, and as if its parts were of the first schema.
func eitherWay(t *testing.T, path string) map[string]*duckdb.DB {
	t.Helper()
	source, err := dirarchive.New(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: folderstore.New(dir, 0)}); err != nil {
		t.Fatal(err)
	}
	return map[string]*duckdb.DB{"stored columns": openAs(t, dir, lake.Schema), "columns in SQL": openAs(t, dir, 1)}
}

func openAs(t *testing.T, dir string, schema int) *duckdb.DB {
	t.Helper()
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var parts []duckdb.Part
	for _, part := range l.Parts() {
		parts = append(parts, duckdb.Part{Path: part.Path(), Schema: schema})
	}
	db, err := duckdb.Open(duckdb.Options{Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// derivedByGo is what package event says of a record, as derivedBySQL gives it.
func derivedByGo(t *testing.T, line []byte) string {
	t.Helper()
	var r event.Record
	if _, err := r.Decode(line); err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
	who := r.Principal()
	var id event.Identity
	id.Decode(r.Get(event.UserIdentity))
	return fmt.Sprintf("%s %s %q %q failed=%t changed=%t", r.ID(), who.Kind, who.Name, id.Username(), r.Failed(), r.Changed())
}

// derivedBySQL is what the events view says of every event.
func derivedBySQL(t *testing.T, db *duckdb.DB) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: "SELECT coalesce(event_id, ''), principal_kind, coalesce(principal, ''), coalesce(username, ''), failed, changed FROM events"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(list)
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %s %q %q failed=%t changed=%t", row...))
	}
}

// records returns every record of the lake that the clauses select, as JSON.
func records(t *testing.T, db *duckdb.DB, clauses string, params map[string]any) [][]byte {
	t.Helper()
	statement := duckdb.Dialect{}.Records(clauses)
	statement.Params = params
	rows, err := db.Query(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	all := lake.NewRecords(rows)
	defer all.Close()
	var list [][]byte
	for {
		record, err := all.Append(nil)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, record)
	}
}

func derivedByGoOfAll(t *testing.T, lines [][]byte) []string {
	t.Helper()
	var list []string
	for _, line := range lines {
		list = append(list, derivedByGo(t, line))
	}
	slices.Sort(list)
	return list
}

// The views say of an event what package event says of it.
func TestDerivedColumnsAgreeWithPackageEvent(t *testing.T) {
	random := rand.New(rand.NewPCG(22, 7))
	var lines [][]byte
	for i := range 20_000 {
		lines = append(lines, randomRecord(random, i))
	}
	file := filepath.Join(t.TempDir(), "random.jsonl")
	if err := os.WriteFile(file, bytes.Join(lines, []byte("\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	want := derivedByGoOfAll(t, lines)
	for name, db := range eitherWay(t, file) {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, derivedBySQL(t, db)); diff != "" {
				t.Errorf("(-package event +view)\n%.4000s", diff)
			}
			requireSelected(t, db, len(lines))
		})
	}
}

// requireSelected selects records by what is derived.
func requireSelected(t *testing.T, db *duckdb.DB, all int) {
	t.Helper()
	for what, want := range map[string]func(*event.Record) bool{"failed": (*event.Record).Failed, "changed": (*event.Record).Changed} {
		selected := records(t, db, "WHERE "+what, nil)
		for _, line := range selected {
			var r event.Record
			if _, err := r.Decode(line); err != nil || !want(&r) {
				t.Fatalf("selected without reason: %v\n%s", err, line)
			}
		}
		if len(selected) == 0 || len(selected) == all {
			t.Errorf("%d of %d records selected", len(selected), all)
		}
	}
}

func TestDerivedColumnsOfRealEvents(t *testing.T) {
	for _, folder := range []string{"invictus/CloudTrail", "umccr/test_input", "traildiscover/docs/logExamples"} {
		path := filepath.Join("../../../shared/data", folder)
		if _, err := os.Stat(path); err != nil {
			t.Skip("SKIPPED REAL DATA: " + err.Error())
		}
		for name, db := range eitherWay(t, path) {
			got := derivedBySQL(t, db)
			if len(got) == 0 {
				t.Errorf("%s: no events", folder)
			}
			if diff := cmp.Diff(derivedByGoOfAll(t, records(t, db, "", nil)), got); diff != "" {
				t.Errorf("%s, %s (-package event +view)\n%.4000s", folder, name, diff)
			}
		}
	}
}

// Whatever LookupEvents calls an event's Username, and whatever the view calls
// its principal, finds it.
func TestPrincipalFindsUsernames(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var lines [][]byte
	for i := range 100 {
		lines = append(lines, randomRecord(random, i))
	}
	file := filepath.Join(t.TempDir(), "random.jsonl")
	if err := os.WriteFile(file, bytes.Join(lines, []byte("\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	db := eitherWay(t, file)["columns in SQL"]
	var decoder lookup.Decoder
	tried := 0
	for _, line := range lines {
		e, err := decoder.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		var r event.Record
		if _, err := r.Decode(line); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{e.Username, r.Principal().Name} {
			if name == "" || strings.ContainsRune(name, 0) {
				continue
			}
			tried++
			found := records(t, db, "WHERE event_id = $id AND "+duckdb.Dialect{}.Principal("$name"), map[string]any{"id": e.ID, "name": name})
			if len(found) != 1 {
				t.Errorf("%q does not find %s", name, line)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d names tried", tried)
	}
	if found := records(t, db, "WHERE "+duckdb.Dialect{}.Principal("$name"), map[string]any{"name": ""}); len(found) != 0 {
		t.Errorf("an empty name finds %d events", len(found))
	}
}

// randomRecord makes a record whose members are there or not, of any type, and
// odd more often than not.
func randomRecord(r *rand.Rand, n int) []byte {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	var b strings.Builder
	fmt.Fprintf(&b, `{"eventVersion":"1.08","eventTime":"2026-02-03T04:05:06Z","eventID":"%08d-0000-4000-8000-000000000000"`, n)
	member := func(name string, values ...string) {
		if value := pick(values...); value != "" {
			fmt.Fprintf(&b, `,%s:%s%s`, name, pick("", "", " "), value)
		}
	}
	odd := func(values ...string) []string {
		return append(values, "", "null", `""`, "5", `"\u00e9\n"`, `{"a":[1]}`)
	}
	member(`"awsRegion"`, odd(`"eu-west-2"`, `"eu-west-2"`, `"cn-north-1"`, `"us-gov-west-1"`, `"us-iso-east-1"`, `"us-isob-east-1"`, `"eu-isoe-west-1"`, `"us-isof-south-1"`, `"eusc-de-east-1"`)...)
	member(`"eventSource"`, odd(`"signin.amazonaws.com"`, `"signin.amazonaws.com"`, `"ec2.amazonaws.com"`)...)
	member(`"eventType"`, odd(`"AwsConsoleSignIn"`, `"AwsServiceEvent"`, `"AwsApiCall"`)...)
	member(`"eventName"`, odd(`"ConsoleLogin"`, `"RunInstances"`, `"CredentialVerification"`)...)
	member(`"readOnly"`, odd("true", "false", "false", `"true"`, `"false"`)...)
	member(`"errorCode"`, "", "", "", "", "null", `""`, `"AccessDenied"`, "403", "0", "false", `{"a":1}`, `[]`)
	member(`"errorMessage"`, "", "", "", "", "null", `""`, `"Failed authentication"`, "403")
	outcome := odd(`{"ConsoleLogin":"Failure"}`, `{"ConsoleLogin":"Success"}`, `{"a":1, "CheckMfa": "Failure" }`, `{"a":{"b":"Failure"}}`,
		`{"a":"Failure","a":"Success"}`, `{"\u0061":"F\u0061ilure"}`, `"Failure"`, `["Failure"]`, `{"a":"\"Failure\""}`)
	member(`"responseElements"`, outcome...)
	member(`"serviceEventDetails"`, outcome...)
	member(`"additionalEventData"`, odd(`{"UserName":"kestrel@example.com"}`, `{"UserName":5}`)...)
	member(`"userIdentity"`, randomIdentity(r), randomIdentity(r), randomIdentity(r), randomIdentity(r), "null", "", `"x"`, "[]")
	b.WriteString("}")
	return []byte(b.String())
}

func randomIdentity(r *rand.Rand) string {
	member := func(name string, values ...string) string {
		value := values[r.IntN(len(values))]
		if value == "" {
			return ""
		}
		return fmt.Sprintf(`%s:%s`, name, value)
	}
	odd := func(values ...string) []string {
		return append(values, "", "", "null", `""`, "7", `"a/b:c\u00e9"`, `[2]`)
	}
	all := []string{
		member(`"type"`, odd(`"Root"`, `"IAMUser"`, `"IAMUser"`, `"AssumedRole"`, `"Role"`, `"FederatedUser"`, `"WebIdentityUser"`, `"SAMLUser"`,
			`"IdentityCenterUser"`, `"IdentityCenterUser"`, `"Directory"`, `"AWSAccount"`, `"AWSService"`, `"Unknown"`, `"Brand New"`)...),
		member(`"principalId"`, odd(`"AIDAEXAMPLEHERON00001"`, `"AROAEXAMPLEHERON00001:session"`, `"210987654321:heron"`, `"210987654321"`)...),
		member(`"arn"`, odd("", "", `"arn:aws:iam::210987654321:user/team/heron"`, `"arn:aws:sts::210987654321:assumed-role/auditor/heron"`,
			`"arn:aws:sts::210987654321:federated-user/heron"`, `"arn:aws:iam::210987654321:root"`, `"arn:aws:iam::210987654321:role/auditor"`)...),
		member(`"accountId"`, odd(`"210987654321"`, `"210987654321"`, `"anonymous"`, `"ANONYMOUS_PRINCIPAL"`)...),
		member(`"accessKeyId"`, odd(`"AKIAEXAMPLEHERON0001"`)...),
		member(`"userName"`, odd(`"heron"`, `"`+event.HiddenUserName+`"`, `"h\u0065ron"`)...),
		member(`"invokedBy"`, odd(`"rds.amazonaws.com"`, `"AWS Internal"`)...),
		member(`"onBehalfOf"`, odd("", "", `{"userId":"11111111-aaaa"}`, `{ "userId" : "2222\u0032222-bbbb" }`, `{"userId":"first","userId":"second"}`,
			`{"userId":7}`, `{"userId":""}`, `{"userId":null}`, `{"other":{"userId":"x"}}`)...),
		member(`"onBehalfOf"`, "", "", "", `{"userId":"again"}`),
		member(`"sessionContext"`, odd("", `{"sessionIssuer":{"type":"Role","userName":"auditor","arn":"arn:aws:iam::210987654321:role/auditor"},"sourceIdentity":"wren"}`)...),
	}
	all = slices.DeleteFunc(all, func(text string) bool { return text == "" })
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return "{" + strings.Join(all, ",") + "}"
}
