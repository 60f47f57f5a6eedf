package trails

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
)

const (
	maxTags      = 50
	maxTagKey    = 128
	maxTagValue  = 256
	maxResources = 20 // of ListTags
)

type tagsRequest struct {
	ResourceID string `json:"ResourceId"`
	TagsList   []Tag
}

func (s *Store) addTags(ctx context.Context, c cloudtrail.Call, in tagsRequest) (any, error) {
	t, err := s.tagged(ctx, c, in.ResourceID)
	if err != nil {
		return nil, err
	}
	if t.Tags, err = withTags(t.Tags, in.TagsList); err != nil {
		return nil, err
	}
	return nothing{}, s.put(t)
}

// removeTags removes tags by key and ignores their values. A key that the trail does
// not have is no error.
func (s *Store) removeTags(ctx context.Context, c cloudtrail.Call, in tagsRequest) (any, error) {
	t, err := s.tagged(ctx, c, in.ResourceID)
	if err != nil {
		return nil, err
	}
	t.Tags = slices.DeleteFunc(slices.Clone(t.Tags), func(tag Tag) bool {
		return slices.ContainsFunc(in.TagsList, func(gone Tag) bool { return gone.Key == tag.Key })
	})
	return nothing{}, s.put(t)
}

type listTagsRequest struct {
	ResourceIDList []string `json:"ResourceIdList"`
}

type resourceTags struct {
	ResourceID string `json:"ResourceId"`
	TagsList   []Tag
}

func (s *Store) listTags(ctx context.Context, c cloudtrail.Call, in listTagsRequest) (any, error) {
	if len(in.ResourceIDList) > maxResources {
		return nil, cloudtrail.Refuse("InvalidParameterException", "The list of resources is longer than %d.", maxResources)
	}
	list := []resourceTags{}
	for _, id := range in.ResourceIDList {
		t, err := s.tagged(ctx, c, id)
		if err != nil {
			return nil, err
		}
		list = append(list, resourceTags{t.ARN, append([]Tag{}, t.Tags...)})
	}
	return struct{ ResourceTagList []resourceTags }{list}, nil
}

// tagged returns the trail with an ARN. Tags can be read and changed only in the home
// Region.
func (s *Store) tagged(ctx context.Context, c cloudtrail.Call, id string) (Trail, error) {
	if a, err := arn.Parse(id); err == nil && a.Service == "cloudtrail" && !strings.HasPrefix(a.Resource, "trail/") {
		kind, _, _ := strings.Cut(a.Resource, "/")
		return Trail{}, cloudtrail.Refuse("ResourceTypeNotSupportedException", "The sandbox has no CloudTrail resource of the type %s.", kind)
	}
	a, err := parseTrailARN(id)
	if err != nil {
		return Trail{}, err
	}
	if a.Region != c.Region {
		return Trail{}, cloudtrail.Refuse("CloudTrailARNInvalidException", "Region in ARN is wrong, you can only access resources in region %s.", c.Region)
	}
	live := s.live()
	at := slices.IndexFunc(live, func(t Trail) bool { return t.ARN == id })
	if at < 0 || s.mayChange(ctx, c, live[at]) != nil {
		return Trail{}, cloudtrail.Refuse("ResourceNotFoundException", "Resource not found: %s.", id)
	}
	return live[at], nil
}

// withTags returns tags with those in added. An existing key gets the new value.
func withTags(tags, added []Tag) ([]Tag, error) {
	tags = slices.Clone(tags)
	seen := map[string]bool{}
	for _, tag := range added {
		if err := tag.check(); err != nil {
			return nil, err
		}
		if seen[tag.Key] {
			return nil, cloudtrail.Refuse("InvalidTagParameterException", "The tag key %s is specified more than once.", tag.Key)
		}
		seen[tag.Key] = true
		if at := slices.IndexFunc(tags, func(old Tag) bool { return old.Key == tag.Key }); at >= 0 {
			tags[at] = tag
		} else {
			tags = append(tags, tag)
		}
	}
	if len(tags) > maxTags {
		return nil, cloudtrail.Refuse("TagsLimitExceededException", "The number of tags, %d, exceeds the maximum of %d.", len(tags), maxTags)
	}
	return tags, nil
}

func (t Tag) check() error {
	const code = "InvalidTagParameterException"
	switch n := utf8.RuneCountInString(t.Key); {
	case n == 0 || n > maxTagKey:
		return cloudtrail.Refuse(code, "A tag key must have 1 to %d characters.", maxTagKey)
	case utf8.RuneCountInString(t.Value) > maxTagValue:
		return cloudtrail.Refuse(code, "A tag value must have at most %d characters.", maxTagValue)
	case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
		return cloudtrail.Refuse(code, "A tag key must not begin with aws:, which is reserved for AWS.")
	case !tagText().MatchString(t.Key) || !tagText().MatchString(t.Value):
		return cloudtrail.Refuse(code, "A tag has a character that tags may not have.")
	}
	return nil
}

// tagText matches the characters that every AWS service accepts in tags.
func tagText() *regexp.Regexp { return regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`) }
