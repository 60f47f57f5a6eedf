package ingest

// Members accounts for the files inside archives.
type Members struct {
	Listed  int64 `json:"listed"`
	Read    int64 `json:"read"`    // to their end
	Skipped int64 `json:"skipped"` // not log files
	Failed  int64 `json:"failed"`  // not read to their end; what came before is kept
	Reasons struct {
		Skipped map[string]int64 `json:"skipped,omitempty"`
		Failed  map[string]int64 `json:"failed,omitempty"`
	} `json:"reasons,omitzero"`
}

// member accounts for one file inside an archive.
func (r *Report) member(v judgement) {
	r.locked(func() {
		m := &r.Members
		m.Listed++
		switch v.outcome {
		case wasRead:
			m.Read++
		case wasSkipped:
			m.Skipped++
			m.Reasons.Skipped = counted(m.Reasons.Skipped, v.reason())
		case hasFailed:
			m.Failed++
			m.Reasons.Failed = counted(m.Reasons.Failed, v.reason())
			r.problem(v.Problem)
		}
	})
}

func counted(reasons map[string]int64, reason string) map[string]int64 {
	if reasons == nil {
		reasons = map[string]int64{}
	}
	reasons[reason]++
	return reasons
}

// contents is the result of the streams in one file.
type contents struct {
	whole                 *judgement // of a file that is one stream
	read, skipped, failed int
	bad                   bool // some member is damaged, rather than inaccessible
}

func (c *contents) add(v judgement) {
	switch v.outcome {
	case wasRead:
		c.read++
	case wasSkipped:
		c.skipped++
	case hasFailed:
		c.failed++
		c.bad = c.bad || !v.unseen
	}
}
