// Package permissions generates the least-privilege IAM policy for each job on a trail,
// for one configuration in one account.
//
// Rights are given on exact ARNs for every action that supports resources in the
// Service Authorization Reference.
package permissions

import (
	"strings"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

// Job is something to do with a trail.
type Job string

// The jobs. Those that change something may also read it.
const (
	Plan    Job = "plan"    // compare, change nothing
	Setup   Job = "setup"   // once, besides apply: rights that would let apply change more than the trail
	Apply   Job = "apply"   // make and change; delete no log, bucket or key
	Destroy Job = "destroy" // delete
	Guard   Job = "guard"   // watch, change nothing
	Repair  Job = "repair"  // watch, and restore what was weakened
	Analyse Job = "analyse" // read the logs
)

// Jobs returns every job.
func Jobs() []Job { return []Job{Plan, Setup, Apply, Destroy, Guard, Repair, Analyse} }

// For returns the policy for a job. A policy that would be too long for IAM has
// statements joined and without Sids.
func For(job Job, spec trail.Spec, place trail.Place) policy.Document {
	var statements []policy.Statement
	for _, r := range all(spec, place) {
		if actions := r.actions(job); len(actions) > 0 {
			statements = append(statements, policy.Statement{
				Sid: r.sid, Effect: policy.Allow, Action: actions, Resource: r.on, Condition: r.when,
			})
		}
	}
	return policy.New(shortened(merged(statements))...)
}

// rights are actions of one service on the same resources.
type rights struct {
	sid     string
	service string
	on      policy.Values
	when    policy.Conditions
	// Actions by the job that needs them, separated by spaces. Write, remove and repair
	// include read; repair includes watch; setup includes write.
	read, setup, write, remove, watch, repair, analyse string
}

func (r rights) actions(job Job) policy.Values {
	wanted := map[Job]string{
		Plan:    r.read,
		Setup:   r.setup,
		Apply:   r.read + " " + r.write,
		Destroy: r.read + " " + r.remove,
		Guard:   r.read + " " + r.watch,
		Repair:  r.read + " " + r.watch + " " + r.repair,
		Analyse: r.analyse,
	}[job]
	names := sorted(strings.Fields(wanted))
	for i, name := range names {
		names[i] = r.service + ":" + name
	}
	return names
}
