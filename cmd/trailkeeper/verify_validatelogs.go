package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/arn"
)

// validateLogsFlags are the flags of `aws cloudtrail validate-logs` that have another
// name here, so that its command lines carry over.
type validateLogsFlags struct {
	trailARN, bucket, prefix, account string
	start, end                        time.Time
}

func (l *validateLogsFlags) add(f *pflag.FlagSet, now func() time.Time) {
	f.StringVar(&l.trailARN, "trail-arn", "", "as --trail, with an ARN")
	f.Var(timeFlag(&l.start, now), "start-time", "as --since")
	f.Var(timeFlag(&l.end, now), "end-time", "as --until")
	f.StringVar(&l.bucket, "s3-bucket", "", "with --s3-prefix, as --archive s3://BUCKET/PREFIX")
	f.StringVar(&l.prefix, "s3-prefix", "", "prefix of --s3-bucket")
	f.StringVar(&l.account, "account-id", "", "as --account")
}

// carryOver sets the options that the flags stand for. A flag and its twin are an
// error.
func (l *validateLogsFlags) carryOver(o *verifyOptions, f *pflag.FlagSet) error {
	for flag, twin := range map[string]string{"trail-arn": "trail", "start-time": "since", "end-time": "until", "s3-bucket": "archive", "account-id": "account"} {
		if f.Changed(flag) && f.Changed(twin) {
			return fmt.Errorf("--%s and --%s are the same: give one of them", flag, twin)
		}
	}
	if l.prefix != "" && l.bucket == "" {
		return errors.New("--s3-prefix needs --s3-bucket")
	}
	if l.trailARN != "" {
		if !arn.Begins(l.trailARN) {
			return fmt.Errorf("--trail-arn %q is not the ARN of a trail", l.trailARN)
		}
		o.trails = []string{l.trailARN}
	}
	if l.bucket != "" {
		o.archive = strings.TrimSuffix("s3://"+l.bucket+"/"+strings.Trim(l.prefix, "/"), "/")
	}
	if l.account != "" {
		o.check.Accounts = []string{l.account}
	}
	if f.Changed("start-time") {
		o.check.Since = l.start
	}
	if f.Changed("end-time") {
		o.check.Until = l.end
	}
	return nil
}
