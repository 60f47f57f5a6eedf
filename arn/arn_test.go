package arn_test

import (
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]arn.ARN{
		"arn:aws:s3:::logs-of-mine":                     {Partition: "aws", Service: "s3", Resource: "logs-of-mine"},
		"arn:aws-cn:iam::246813579024:role/path/writer": {Partition: "aws-cn", Service: "iam", AccountID: "246813579024", Resource: "role/path/writer"},
		"arn:aws-eusc:logs:eusc-de-east-1:246813579024:log-group:a:*": {
			Partition: "aws-eusc", Service: "logs", Region: "eusc-de-east-1", AccountID: "246813579024", Resource: "log-group:a:*",
		},
	} {
		got, err := arn.Parse(text)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", text, got, err, want)
		}
		if account := arn.Account(text); account != want.AccountID {
			t.Errorf("%q is of the account %q, want %q", text, account, want.AccountID)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "arn", "arn:", "logs", "arn:aws", "arn:aws:s3", "arn:aws:s3::logs", "ARN:aws:s3:::logs", " arn:aws:s3:::logs",
		"arn:azure:s3:::logs", "arn::s3:::logs", "arn:awsome:s3:::logs", "arn:aws::::logs", "arn:aws:s3:::",
	} {
		got, err := arn.Parse(text)
		if err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
		if account := arn.Account(text); account != "" {
			t.Errorf("%q is of the account %q, want none", text, account)
		}
	}
}

func TestBegins(t *testing.T) {
	for text, want := range map[string]bool{"arn:aws:s3:::logs": true, "arn:bad": true, "arn": false, "arnold": false, "logs": false} {
		if got := arn.Begins(text); got != want {
			t.Errorf("%q begins as an ARN: %t, want %t", text, got, want)
		}
	}
}

func TestParseStart(t *testing.T) {
	for text, want := range map[string]arn.ARN{
		"arn:aws:s3":                    {Partition: "aws", Service: "s3"},
		"arn:aws-iso-e:s3:::":           {Partition: "aws-iso-e", Service: "s3"},
		"arn:aws:lambda:eu-west-3":      {Partition: "aws", Service: "lambda", Region: "eu-west-3"},
		"arn:aws:s3:::logs-of-mine/a:b": {Partition: "aws", Service: "s3", Resource: "logs-of-mine/a:b"},
	} {
		if got, err := arn.ParseStart(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "arn", "arn:", "arn:aws", "arn:aws:", "s3", "arn:azure:s3"} {
		if got, err := arn.ParseStart(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

// What is built is read again, and what is read is built again, in every partition.
func FuzzParse(f *testing.F) {
	f.Add(uint8(0), "s3", "", "", "logs")
	f.Add(uint8(3), "logs", "us-isob-east-1", "246813579024", "log-group:a:*")
	f.Add(uint8(7), "iam", "", "246813579024", ":::")
	f.Add(uint8(1), "", "", "", "")
	f.Fuzz(func(t *testing.T, at uint8, service, region, account, resource string) {
		all := partition.All()
		want := arn.ARN{Partition: all[int(at)%len(all)].ID, Service: service, Region: region, AccountID: account, Resource: resource}
		text := arn.Build(want.Partition, service, region, account, resource)
		got, err := arn.Parse(text)
		sound := service != "" && resource != "" && !strings.Contains(service+region+account, ":")
		switch {
		case err == nil && got.String() != text:
			t.Fatalf("%q is read as %q", text, got)
		case sound && (err != nil || got != want):
			t.Fatalf("%q is %+v, %v; want %+v", text, got, err, want)
		}
	})
}
