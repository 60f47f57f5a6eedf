package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/cerpac/trailkeeper/policy"
)

func seeds(f *testing.F) {
	for _, text := range []string{
		bucketPolicyText,
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["123456789012","*"]},"NotAction":["A:b"],"NotResource":["${a, 'b'}","${*}"]}}`,
		statement(`"Action":"*","Principal":"*","Condition":{"forallvalues:StringLikeIfExists":{"AWS:a":["b",1,true]},"Null":{"a":"True"}}`),
		statement(`"Action":[" ","é<>&"],"Resource":[""]`),
	} {
		f.Add([]byte(text))
	}
}

func FuzzWriteAndParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := policy.Parse(text)
		if err != nil {
			t.Skip()
		}
		short, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, written := range []string{d.String(), string(short), d.Canonical().String()} {
			again := parse(t, written)
			if !policy.Equal(again, d) || !policy.Equal(d, again) {
				t.Errorf("%s\nis not equal to\n%s", written, d)
			}
		}
	})
}

// A Deny takes away and never gives: what is refused without it is refused with it.
func FuzzDenyNeverWidens(f *testing.F) {
	for _, deny := range []string{`"Action":"*"`, `"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Principal":"*"`} {
		f.Add([]byte(bucketPolicyText), []byte(`{"Statement":{"Effect":"Deny",`+deny+`}}`), "s3:PutObject", "arn:aws:s3:::logs/x", "aws:SecureTransport", "true")
	}
	f.Fuzz(func(t *testing.T, text, more []byte, action, resource, key, value string) {
		base, err1 := policy.Parse(text)
		extra, err2 := policy.Parse(more)
		if err1 != nil || err2 != nil {
			t.Skip()
		}
		for i := range extra.Statements {
			extra.Statements[i].Effect = policy.Deny
		}
		for _, caller := range []policy.Principals{nil, policy.Everyone(), policy.Service("cloudtrail.amazonaws.com"), policy.AWS("123456789012")} {
			r := policy.Request{Principal: caller, Action: action, Resource: resource, Context: map[string][]string{key: {value}}}
			without := policy.Evaluate([]policy.Document{base}, r)
			with := policy.Evaluate([]policy.Document{extra, base}, r)
			if with.Allowed() && !without.Allowed() {
				t.Errorf("%s\nallows with\n%s\nwhat it does not allow alone: %+v", base, extra, r)
			}
			if equal := policy.Evaluate([]policy.Document{base.Canonical()}, r); equal.Outcome != without.Outcome {
				t.Errorf("%s\n%s\nand its canonical form %s\ndecide differently on %+v", base, without.Why, equal.Why, r)
			}
		}
	})
}
