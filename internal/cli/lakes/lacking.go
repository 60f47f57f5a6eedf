package lakes

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/search"
)

// SayLacking warns that columns which a statement reads are NULL for events of
// parts of an older format.
func SayLacking(ctx context.Context, l *search.Lake, s engine.Statement, w io.Writer) error {
	lacking, err := l.Lacking(ctx, s)
	if err != nil {
		return fmt.Errorf("find the columns that the statement reads: %w", err)
	}
	if len(lacking.Columns) == 0 {
		return nil
	}
	_, err = fmt.Fprintf(w, "warning: NULL for the events of parts of an older format: %s; such parts: %s, with %s events\nhint: trailkeeper lake upgrade fills these columns\n",
		strings.Join(lacking.Columns, ", "), quantity.FormatCount(int64(lacking.Parts)), quantity.FormatCount(lacking.Events))
	return err
}
