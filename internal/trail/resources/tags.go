package resources

import "github.com/cerpac/trailkeeper/internal/trail"

// wantedTags are the tags of everything that is made.
func (s *Set) wantedTags() map[string]string { return s.Spec.AllTags(s.Account.Place) }

// seenTags are those of a resource's tags that are ours to say. Those of others, such
// as of whoever shares out costs, are left alone.
func (s *Set) seenTags(tags map[string]string) map[string]string {
	seen := map[string]string{}
	for key := range s.wantedTags() {
		if value, ok := tags[key]; ok {
			seen[key] = value
		}
	}
	return seen
}

// owns tells whether the tags are of something that was made for this trail.
func (s *Set) owns(tags map[string]string) bool { return tags[trail.OwnerTag] == s.Names.Trail }
