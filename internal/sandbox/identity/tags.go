package identity

import (
	"fmt"
	"maps"
	"strings"
)

// transitiveTags returns the tags that a session passes on: those that its own call
// made transitive and, for role chaining, those of the caller.
func (l lesson) transitiveTags(caller *person) map[string]string {
	tags := map[string]string{}
	if l.op.Name == "AssumeRole" && caller != nil {
		maps.Copy(tags, caller.TransitiveTags)
	}
	passed := l.sessionTags()
	for i := 1; ; i++ {
		key := l.asked[fmt.Sprintf("TransitiveTagKeys.member.%d", i)]
		if key == "" {
			break
		}
		for name, value := range passed {
			if strings.EqualFold(name, key) { // tag keys ignore case but preserve it
				tags[name] = value
			}
		}
	}
	if l.op.Name == "AssumeRoleWithWebIdentity" {
		maps.Copy(tags, claimsOf(l.asked["WebIdentityToken"]).Tags.transitive())
	}
	if len(tags) == 0 {
		return nil
	}
	return tags
}

func (l lesson) sessionTags() map[string]string {
	tags := map[string]string{}
	for i := 1; ; i++ {
		key := l.asked[fmt.Sprintf("Tags.member.%d.Key", i)]
		if key == "" {
			return tags
		}
		tags[key] = l.asked[fmt.Sprintf("Tags.member.%d.Value", i)]
	}
}

// tokenTags are the session tags that an identity provider puts into its token.
type tokenTags struct {
	Principal  map[string][]string `json:"principal_tags"`
	Transitive []string            `json:"transitive_tag_keys"`
}

func (t tokenTags) transitive() map[string]string {
	tags := map[string]string{}
	for _, key := range t.Transitive {
		if values := t.Principal[key]; len(values) > 0 {
			tags[key] = values[0]
		}
	}
	return tags
}
