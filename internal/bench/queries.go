package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// question is a query for trailkeeper, and the same query as an expert would write it
// for DuckDB, where PARTS is read_parquet over the files.
type question struct {
	name string
	ours string
	hand string
}

// questions are typical: an overview, errors, the traces of one principal on one day,
// JSON inside calls, and an Athena query for changes of IAM policies.
func questions() []question {
	same := func(name, text string) question {
		return question{name, strings.ReplaceAll(text, "EVENTS", "events"), strings.ReplaceAll(text, "EVENTS", "PARTS")}
	}
	return []question{
		same("who makes the most calls", `
			SELECT coalesce(session_issuer_arn, identity_arn, identity_invoked_by) AS principal, count(*) AS calls,
			       count(*) FILTER (WHERE read_only = false) AS changes, count(error_code) AS errors,
			       count(DISTINCT source_ip_address) AS addresses
			FROM EVENTS GROUP BY ALL ORDER BY calls DESC, principal LIMIT 20`),
		same("which calls fail, and how", `
			SELECT event_source, event_name, error_code, count(*) AS calls, max(error_message) AS example
			FROM EVENTS WHERE error_code IS NOT NULL GROUP BY ALL ORDER BY calls DESC, event_source, event_name, error_code LIMIT 50`),
		same("what one role did on one day", `
			SELECT strftime(event_time, '%H:%M:%S') AS at, event_source, event_name, aws_region, source_ip_address, error_code, event_id
			FROM EVENTS WHERE year = '2026' AND month = '01' AND day = '06' AND identity_type = 'AssumedRole' AND read_only = false
			ORDER BY event_time, event_id LIMIT 500`),
		same("which buckets are used, in the JSON of the calls", `
			SELECT request_parameters->>'$.bucketName' AS bucket, count(*) AS calls, count(DISTINCT identity_arn) AS principals
			FROM EVENTS WHERE event_source = 's3.amazonaws.com' GROUP BY ALL ORDER BY calls DESC, bucket LIMIT 50`),
		{"changes of IAM policies, as written for Athena", `
			SELECT eventtime, useridentity.username, eventname, requestparameters
			FROM cloudtrail_logs WHERE year = '2026' AND eventname IN ('PutUserPolicy', 'PutRolePolicy', 'AttachRolePolicy',
			  'AttachUserPolicy', 'CreatePolicy', 'CreateRole', 'DeletePolicy', 'DetachRolePolicy')
			ORDER BY eventtime DESC, eventid LIMIT 500`, `
			SELECT strftime(event_time, '%Y-%m-%dT%H:%M:%SZ') AS eventtime, identity_user_name, event_name, request_parameters::VARCHAR
			FROM PARTS WHERE year = '2026' AND event_name IN ('PutUserPolicy', 'PutRolePolicy', 'AttachRolePolicy',
			  'AttachUserPolicy', 'CreatePolicy', 'CreateRole', 'DeletePolicy', 'DetachRolePolicy')
			ORDER BY eventtime DESC, event_id LIMIT 500`},
	}
}

// queries compares trailkeeper's queries with the same over read_parquet, written by
// hand.
func (b *bench) queries(ctx context.Context) ([]group, error) {
	a, err := b.archive(ctx, b.busy().times(10))
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.scratch, "asked")
	if _, err := b.intoLake(ctx, a, dir); err != nil {
		return nil, err
	}
	var report askedReport
	b.say("asking %d questions", len(questions()))
	if _, err := b.timed(ctx, &report, "queries", dir, strconv.Itoa(10*b.opts.rounds+1)); err != nil {
		return nil, err
	}
	var groups []group
	for _, q := range report.Questions {
		ours, hand := &measured{Name: "trailkeeper"}, &measured{Name: "DuckDB, read_parquet by hand"}
		for i := range q.Ours {
			ours.add(sample{Seconds: q.Ours[i]})
			hand.add(sample{Seconds: q.Hand[i]})
		}
		ours.compare(hand, slowness)
		ours.judge("query: "+q.Name, bar{AtMost: 1.1})
		groups = append(groups, group{Title: "query: " + q.Name, About: fmt.Sprintf("%d rows", q.Rows),
			Ratio: "trailkeeper's time to the reference's", Measures: []measured{*ours, *hand}})
	}
	groups[len(groups)-1].Notes = []string{
		fmt.Sprintf("The lake is of ten times the busy files: %d parts, %d rows. Both engines read the same list of files, which the", report.Parts, report.Rows),
		"system has in memory. Opening them is in neither time: " +
			fmt.Sprintf("it takes trailkeeper %.0f ms, a plain DuckDB %.0f ms.", 1000*report.OpenOurs, 1000*report.OpenHand),
	}
	return groups, os.RemoveAll(dir)
}

// askedReport is the report of the child that asks the questions.
type askedReport struct {
	Parts     int     `json:"parts"`
	Rows      int64   `json:"rows"`
	OpenOurs  float64 `json:"openOurs"` // seconds
	OpenHand  float64 `json:"openHand"`
	Questions []asked `json:"questions"`
}

type asked struct {
	Name string    `json:"name"`
	Rows int       `json:"rows"`
	Ours []float64 `json:"ours"` // seconds, in order
	Hand []float64 `json:"hand"`
}

// askAll asks every question a number of times, both engines in turn.
func askAll(ctx context.Context, dir string, rounds int) (*askedReport, error) {
	started := time.Now()
	l, err := lake.Open(ctx, folderstore.New(dir, 0))
	if err != nil {
		return nil, err
	}
	defer l.Close() // only read from
	var parts []duckdb.Part
	var paths []string
	report := &askedReport{}
	for _, p := range l.Parts() {
		parts = append(parts, duckdb.Part{Path: p.Path(), Schema: p.Schema})
		paths = append(paths, p.Path())
		report.Rows += p.Rows
	}
	report.Parts = len(parts)
	ours, err := duckdb.Open(duckdb.Options{Parts: parts})
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	report.OpenOurs = time.Since(started).Seconds()
	started = time.Now()
	hand, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	defer hand.Close()
	if err := hand.PingContext(ctx); err != nil {
		return nil, err
	}
	report.OpenHand = time.Since(started).Seconds()
	source := "read_parquet(['" + strings.Join(paths, "', '") + "'], hive_partitioning = true)"
	for _, q := range questions() {
		q.hand = strings.ReplaceAll(q.hand, "PARTS", source)
		a, err := q.ask(ctx, ours, hand, rounds)
		if err != nil {
			return nil, fmt.Errorf("ask %q: %w", q.name, err)
		}
		report.Questions = append(report.Questions, *a)
	}
	return report, nil
}

func (q question) ask(ctx context.Context, ours *duckdb.DB, hand *sql.DB, rounds int) (*asked, error) {
	a := &asked{Name: q.name}
	for round := range rounds + 1 {
		started := time.Now()
		got, err := askOurs(ctx, ours, q.ours)
		if err != nil {
			return nil, err
		}
		took := time.Since(started).Seconds()
		started = time.Now()
		want, err := askHand(ctx, hand, q.hand)
		if err != nil {
			return nil, err
		}
		if round == 0 { // warms both up
			if !slices.Equal(got, want) {
				return nil, errors.New("the answers differ")
			}
			a.Rows = len(got)
			continue
		}
		a.Ours = append(a.Ours, took)
		a.Hand = append(a.Hand, time.Since(started).Seconds())
	}
	return a, nil
}

// askOurs returns the rows of the answer as texts.
func askOurs(ctx context.Context, db *duckdb.DB, query string) (list []string, err error) {
	rows, err := db.Query(ctx, engine.Statement{SQL: query})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, fmt.Sprint(row...))
	}
}

func askHand(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	var list []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		list = append(list, fmt.Sprint(row...))
	}
	return list, rows.Err()
}
