package supplement

import (
	"maps"
	"net/http"
	"strings"
)

// tagsPath is the path before the ARN of the tagged resource.
const tagsPath = "/tags/"

// tagged returns the caller's hub if the request names it. Otherwise it answers the
// caller: tags of other Security Hub resources are not kept.
func (c *call) tagged() *hub {
	kept, described := c.hub()
	if kept == nil {
		return nil
	}
	if arn := strings.TrimPrefix(c.r.URL.Path, tagsPath); arn != described["HubArn"] {
		c.refuse(http.StatusNotFound, "ResourceNotFoundException", "No resource was found with ARN "+arn)
		return nil
	}
	return kept
}

func listHubTags(c *call) {
	if kept := c.tagged(); kept != nil {
		tags := map[string]string{}
		maps.Copy(tags, kept.Tags)
		c.reply(map[string]any{"Tags": tags})
	}
}

func tagHub(c *call) {
	var p struct{ Tags map[string]string }
	if !c.read(&p) {
		return
	}
	if kept := c.tagged(); kept != nil {
		if kept.Tags == nil {
			kept.Tags = map[string]string{}
		}
		maps.Copy(kept.Tags, p.Tags)
		c.save(struct{}{})
	}
}

func untagHub(c *call) {
	if kept := c.tagged(); kept != nil {
		for _, key := range c.r.URL.Query()["tagKeys"] {
			delete(kept.Tags, key)
		}
		c.save(struct{}{})
	}
}
