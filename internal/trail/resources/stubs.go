package resources

import "github.com/cerpac/trailkeeper/internal/trail/converge"

// Delete the line of yours when you add your method.

func (s *Set) key() []converge.Resource         { return nil }
func (s *Set) accessLogs() []converge.Resource  { return nil }
func (s *Set) bucket() []converge.Resource      { return nil }
func (s *Set) alarms() []converge.Resource      { return nil }
func (s *Set) configRules() []converge.Resource { return nil }
func (s *Set) guardDuty() []converge.Resource   { return nil }
func (s *Set) securityHub() []converge.Resource { return nil }
