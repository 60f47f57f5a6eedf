// Package providertest makes the calls of Terraform's AWS provider to an endpoint and tests the answers as the provider does.
//
// The calls and their order are those of hashicorp/terraform-provider-aws 6, and
// of 5.30 where a comment says so: what a resource sends when it is created, what
// it waits for, what it reads into its state, and which errors tell it that it is
// gone. So an endpoint that passes can be applied to, gives an empty second plan
// and can be destroyed, with a provider that is not at hand here.
package providertest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// state is a resource's attributes, by the names that configurations use.
type state map[string]any

// errGone is what the provider takes for "not found": it removes the resource from
// its state.
var errGone = errors.New("gone")

// resource is one block of a configuration, with what the provider does for it.
type resource struct {
	kind   string
	create func() error
	// read returns the whole state. want is the part that the configuration sets:
	// another value there is a plan that is not empty.
	read func() (state, error)
	want state
	// update changes the resource, nil if the test does not; change is what want
	// becomes by it.
	update func() error
	change state
	remove func() error
	// remains says that AWS keeps something when the resource is removed, so that
	// reading it goes on giving answers.
	remains bool
}

// Run applies a configuration with every resource that a trail needs to the
// endpoint, plans again, changes it, plans again and destroys it. Resources of the
// types in without are left out. It needs an endpoint without these resources.
func Run(t *testing.T, endpoint string, without ...string) {
	p := connect(t, endpoint)
	var applied []resource
	t.Run("apply", func(t *testing.T) {
		for _, describe := range configuration() {
			r := describe(p)
			if slices.Contains(without, r.kind) {
				continue
			}
			if err := r.create(); err != nil {
				t.Errorf("%s: create: %v", r.kind, err)
				continue
			}
			applied = append(applied, r)
		}
	})
	t.Run("plan", func(t *testing.T) { plan(t, applied) })
	t.Run("change", func(t *testing.T) {
		for i, r := range applied {
			if r.update == nil {
				continue
			}
			if err := r.update(); err != nil {
				t.Errorf("%s: update: %v", r.kind, err)
				continue
			}
			applied[i].want = maps.Clone(r.want)
			maps.Copy(applied[i].want, r.change)
		}
		plan(t, applied)
	})
	t.Run("destroy", func(t *testing.T) {
		for _, r := range slices.Backward(applied) {
			if err := r.destroy(); err != nil {
				t.Errorf("%s: %v", r.kind, err)
			}
		}
	})
}

// configuration is the blocks in the order of their dependencies.
func configuration() []func(*provider) resource {
	return []func(*provider) resource{
		kmsKey, kmsAlias,
		accessLogBucket, bucket, ownershipControls, publicAccessBlock, versioning, encryption, lifecycle, objectLock, logging,
		bucketPolicy,
		logGroup, boundary, role, rolePolicy,
		topic, topicPolicy, emailSubscription, queueSubscription, notification,
		trail,
		metricFilter, metricAlarm,
		configRole, configRecorder, configDeliveryChannel, configRecorderStatus, configRule,
		detector, securityHub, standardsSubscription,
	}
}

// plan reads every resource twice, as a plan after an apply and the next do.
func plan(t *testing.T, resources []resource) {
	t.Helper()
	for _, r := range resources {
		first, err := r.read()
		if err != nil {
			t.Errorf("%s: read: %v", r.kind, err)
			continue
		}
		for name, want := range r.want {
			if diff := cmp.Diff(want, first[name]); diff != "" {
				t.Errorf("%s: the plan would change %s:\n%s", r.kind, name, diff)
			}
		}
		second, err := r.read()
		if err != nil {
			t.Errorf("%s: read again: %v", r.kind, err)
		} else if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s: a second read gives something else:\n%s", r.kind, diff)
		}
	}
}

func (r resource) destroy() error {
	if err := r.remove(); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	_, err := r.read()
	switch {
	case r.remains && !errors.Is(err, errGone):
		return err
	case !errors.Is(err, errGone):
		return fmt.Errorf("read after delete: got %w, which is not how the provider knows that it is gone", err)
	}
	return nil
}
