package resources

import (
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// MissingError is the error for a trail that is not deployed.
type MissingError struct{ Resources []string }

func (e *MissingError) Error() string {
	return "not deployed: there is no " + strings.Join(e.Resources, ", no ")
}

// Output returns the output of the trail, from the configuration and from the
// differences in a plan of all resources. The error is a *MissingError if a part does
// not exist.
func (s *Set) Output(changes []converge.Change) (trail.Output, error) {
	output := s.Spec.Output(s.Account.Place, s.encryptedBy())
	missing := &MissingError{}
	for _, change := range changes {
		if change.Action == converge.Create {
			missing.Resources = append(missing.Resources, change.Kind+" "+change.Name)
			continue
		}
		for _, field := range change.Fields {
			correct(&output, change.Kind, field)
		}
	}
	if len(missing.Resources) > 0 {
		return output, missing
	}
	return output, nil
}

// correct replaces a wanted value by the existing one.
func correct(o *trail.Output, kind string, field converge.FieldChange) {
	switch kind + " " + field.Path {
	case "bucket versioning":
		o.Bucket.Versioning = new(text(field.Old))
	case "bucket encryption.algorithm":
		o.Bucket.Encryption = new(text(field.Old))
	case "bucket lifecycle.retention.expiration_days":
		o.Summary.RetentionDays, _ = field.Old.(int)
	case "log group retention_days":
		o.LogGroup.RetentionDays, _ = field.Old.(int)
	case "trail multi_region":
		o.Trail.IsMultiRegion = field.Old == true
	case "trail log_validation":
		o.Trail.LogValidation = field.Old == true
	case "trail global_events":
		o.Trail.GlobalEvents = field.Old == true
	}
}

func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
