package resources

import (
	"context"
	"maps"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// claim is the relation of a resource to the trail, as its tags say.
type claim int

const (
	foreign claim = iota // not this trail's
	made                 // created for this trail, which may delete it
	adopted              // taken over by this trail, which never deletes it
)

// claimOf returns made only for a resource created for the trail. One that another
// trail has adopted since is foreign.
func (s *Set) claimOf(tags map[string]string) claim {
	taker, taken := tags[trail.AdoptedTag]
	switch {
	case taken && taker == s.Names.Trail:
		return adopted
	case !taken && tags[trail.OwnerTag] == s.Names.Trail:
		return made
	}
	return foreign
}

// found returns an existing resource with its tags.
func (s *Set) found(tags map[string]string, state converge.State) converge.Actual {
	c := s.claimOf(tags)
	now := converge.Actual{Exists: true, Owned: c != foreign, Adopted: c == adopted, State: state}
	state["tags"] = seenTags(tags, s.tagsFor(now))
	return now
}

// wantedTags are the tags of every resource that we create.
func (s *Set) wantedTags() map[string]string { return s.Spec.AllTags(s.Account.Place) }

// tagsFor returns the wanted tags of an existing resource. One that was not made for the
// trail does not get OwnerTag, which allows its deletion.
func (s *Set) tagsFor(now converge.Actual) map[string]string {
	tags := s.wantedTags()
	if now.Owned && !now.Adopted {
		return tags
	}
	delete(tags, trail.OwnerTag)
	tags[trail.AdoptedTag] = s.Names.Trail
	return tags
}

// seenTags returns only the tags that we manage. Others, such as cost allocation tags,
// are left alone.
func seenTags(tags, wanted map[string]string) map[string]string {
	seen := map[string]string{}
	for key := range wanted {
		if value, ok := tags[key]; ok {
			seen[key] = value
		}
	}
	return seen
}

// claimed makes Want return the tags of tagsFor.
func (s *Set) claimed(r converge.Resource) converge.Resource {
	now := converge.Actual{}
	r.Read = remember(r.Read, &now)
	want := r.Want
	if want == nil {
		return r
	}
	r.Want = func() (converge.State, error) {
		state, err := want()
		if err != nil || !now.Exists || now.Shared != "" || state["tags"] == nil {
			return state, err
		}
		state = maps.Clone(state)
		state["tags"] = s.tagsFor(now)
		return state, nil
	}
	return r
}

func remember(read func(context.Context) (converge.Actual, error), now *converge.Actual) func(context.Context) (converge.Actual, error) {
	return func(ctx context.Context) (converge.Actual, error) {
		actual, err := read(ctx)
		*now = actual
		return actual, err
	}
}
