package resources

import (
	"context"
	"maps"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// claim is whose something is, as its tags say.
type claim int

const (
	foreign claim = iota // not this trail's
	made                 // for this trail, whose it is to delete
	adopted              // by this trail, and there before
)

// claimOf needs proof that something was made for the trail. What another trail has
// taken over since is that trail's.
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

// found is something that is there, with these tags.
func (s *Set) found(tags map[string]string, state converge.State) converge.Actual {
	c := s.claimOf(tags)
	now := converge.Actual{Exists: true, Owned: c != foreign, Adopted: c == adopted, State: state}
	state["tags"] = seenTags(tags, s.tagsFor(now))
	return now
}

// wantedTags are the tags of everything that is made.
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

// seenTags are those of a resource's tags that are ours to say. Those of others, such
// as of whoever shares out costs, are left alone.
func seenTags(tags, wanted map[string]string) map[string]string {
	seen := map[string]string{}
	for key := range wanted {
		if value, ok := tags[key]; ok {
			seen[key] = value
		}
	}
	return seen
}

// claimed has Want ask of what is there the tags that tagsFor gives it.
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
