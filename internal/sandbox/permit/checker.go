package permit

import (
	"context"

	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

type checker struct {
	clients *upstream.Clients
	fresh   func(roleARN string) bool
}

func (c *checker) Bucket(context.Context, Trail) error   { return nil }
func (c *checker) Key(context.Context, Trail) error      { return nil }
func (c *checker) Topic(context.Context, Trail) error    { return nil }
func (c *checker) LogGroup(context.Context, Trail) error { return nil }
