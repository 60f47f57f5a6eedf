package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// signIn is the event source of console sign-ins.
const signIn = "signin.amazonaws.com"

// injected returns journal entries for records that a user supplies: events that no API
// call through the sandbox causes, such as console sign-ins, or log files from
// elsewhere. It adds missing standard members. If one record is invalid, it refuses all.
func injected(ctx context.Context, body []byte, account string, now time.Time) ([]journal.Entry, error) {
	var entries []journal.Entry
	var reader logfile.Reader
	visit := logfile.Visitor{
		Record: func(offset int64, r *event.Record) error {
			entry, err := completed(r, account, now)
			if err != nil {
				return fmt.Errorf("record at offset %d: %w", offset, err)
			}
			entries = append(entries, entry)
			return nil
		},
		Reject: func(offset int64, _ []byte, cause string) error {
			return fmt.Errorf("record at offset %d: %s", offset, cause)
		},
	}
	var packed unpack.Walker
	err := packed.Walk(ctx, bytes.NewReader(body), func(_ string, text io.Reader) error { return reader.Read(ctx, text, visit) })
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("no records")
	}
	return entries, nil
}

// completed returns the entry of one record. Missing members are added at the end; the
// existing ones stay unchanged.
func completed(r *event.Record, account string, now time.Time) (journal.Entry, error) {
	if !r.Sound() {
		return journal.Entry{}, errors.New("invalid Unicode")
	}
	isCall := r.Text(event.EventSource) != nil && r.Text(event.EventName) != nil
	isSummary := len(r.Get(event.InsightDetails).Raw) > 0 || len(r.Get(event.Summary).Raw) > 0
	if !isCall && !isSummary {
		return journal.Entry{}, errors.New("neither eventSource and eventName nor insightDetails tell what happened")
	}
	if _, ok := r.Time(); !ok && len(r.Get(event.EventTime).Raw) > 0 {
		return journal.Entry{}, fmt.Errorf("eventTime %s is no time such as %s", r.Get(event.EventTime).Raw, now.Format(time.RFC3339))
	}
	record, err := completedText(r, account, now)
	if err != nil {
		return journal.Entry{}, err
	}
	var whole event.Record
	if _, err := whole.Decode(record); err != nil {
		return journal.Entry{}, err
	}
	return journal.Entry{
		Time:     now,
		Account:  string(whole.Text(event.RecipientAccountID)),
		Region:   string(whole.Text(event.AWSRegion)),
		Category: string(whole.Text(event.EventCategory)),
		Record:   record,
	}, nil
}

func completedText(r *event.Record, account string, now time.Time) ([]byte, error) {
	var text bytes.Buffer
	if err := json.Compact(&text, r.Raw()); err != nil {
		return nil, err
	}
	record := bytes.TrimSuffix(text.Bytes(), []byte("}"))
	for _, member := range defaults(r, account, now) {
		if len(r.Get(member.field).Raw) > 0 {
			continue
		}
		record = append(record, ',')
		record = strconv.AppendQuote(record, member.field.String())
		record = append(record, ':')
		record = append(record, member.value...)
	}
	return append(record, '}'), nil
}

type member struct {
	field event.Field
	value string // JSON
}

// defaults returns the members that every record has.
func defaults(r *event.Record, account string, now time.Time) []member {
	kind, category := "AwsServiceEvent", "Management"
	switch {
	case len(r.Get(event.InsightDetails).Raw) > 0:
		kind, category = "AwsCloudTrailInsight", "Insight"
	case string(r.Text(event.EventSource)) == signIn:
		kind = "AwsConsoleSignIn"
	case len(r.Get(event.RequestID).Raw) > 0:
		kind = "AwsApiCall"
	}
	if stated := r.Text(event.RecipientAccountID); stated != nil {
		account = string(stated)
	}
	return []member{
		{event.EventVersion, `"1.11"`},
		{event.UserIdentity, `{"accountId":` + strconv.Quote(account) + `}`},
		{event.EventTime, strconv.Quote(now.Format(time.RFC3339))},
		{event.AWSRegion, `"us-east-1"`},
		{event.EventID, strconv.Quote(uuid.NewString())},
		{event.ReadOnly, "false"},
		{event.EventType, strconv.Quote(kind)},
		{event.ManagementEvent, strconv.FormatBool(category == "Management")},
		{event.RecipientAccountID, strconv.Quote(account)},
		{event.EventCategory, strconv.Quote(category)},
	}
}
