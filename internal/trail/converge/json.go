package converge

import (
	"bytes"
	"io"

	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/policy"
)

// WriteJSON writes the plan for programs, as one object:
//
//	format_version  report.DocumentVersion
//	empty           whether all is as it should be
//	counts          number of changes by action, those that are there
//	changes         in the order of work; each has
//	  kind    such as "bucket"
//	  name    AWS's name
//	  action  create, update, adopt, none, refused, delete, keep or gone
//	  fields  what differs, by path; each has path, old and new: null for what is
//	          not there, else a boolean, a number, a string, an array (sets are
//	          sorted), an object of strings, or a policy document as AWS has it.
//	          known_after_apply is true where new is null because AWS makes it up.
//	  note    for people, if there is one
//	grants          what other accounts have to allow first; each has
//	  account  whose it is
//	  kind     "bucket" or "KMS key"
//	  name     its name, the ARN of a key
//	  policy   statements that its policy must have besides those it has
//
// Users and passwords in URLs, and their queries, are ***.
func (p *Plan) WriteJSON(w io.Writer) error {
	type field struct {
		Path            string `json:"path"`
		Old             any    `json:"old"`
		New             any    `json:"new"`
		KnownAfterApply bool   `json:"known_after_apply,omitempty"`
	}
	type change struct {
		Kind   string  `json:"kind"`
		Name   string  `json:"name"`
		Action Action  `json:"action"`
		Fields []field `json:"fields"`
		Note   string  `json:"note,omitempty"`
	}
	type grant struct {
		Account string          `json:"account"`
		Kind    string          `json:"kind"`
		Name    string          `json:"name"`
		Policy  policy.Document `json:"policy"`
	}
	plan := struct {
		Empty   bool           `json:"empty"`
		Counts  map[Action]int `json:"counts"`
		Changes []change       `json:"changes"`
		Grants  []grant        `json:"grants,omitempty"`
	}{Empty: p.Empty(), Counts: p.counts(), Changes: []change{}}
	for _, g := range p.grants {
		plan.Grants = append(plan.Grants, grant(g))
	}
	for _, c := range p.changes {
		fields := []field{}
		for _, f := range c.Fields {
			_, unknown := f.New.(Unknown)
			fields = append(fields, field{f.Path, jsonValue(f.Old), jsonValue(f.New), unknown})
		}
		plan.Changes = append(plan.Changes, change{c.Kind, c.Name, c.Action, fields, c.Note})
	}
	var text bytes.Buffer
	if err := report.WriteDocument(&text, plan); err != nil {
		return err
	}
	_, err := w.Write(hide(text.Bytes()))
	return err
}

func jsonValue(v any) any {
	switch v := v.(type) {
	case Unknown:
		return nil
	case Set:
		return v.sorted()
	}
	return v
}
