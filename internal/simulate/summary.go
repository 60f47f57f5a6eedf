package simulate

// Summary is _simulate/summary.json: what was written, so that readers can check their
// own counts.
type Summary struct {
	Format   string           `json:"format"` // SummaryFormat
	Options  SummaryOptions   `json:"options"`
	Bucket   string           `json:"bucket"`
	Trail    string           `json:"trail"`
	Home     string           `json:"home_region"`
	Org      string           `json:"organization,omitempty"`
	First    string           `json:"first_day"`
	Closing  string           `json:"closing"` // end of the archive: everything was delivered before
	Accounts []SummaryAccount `json:"accounts"`
	Regions  []string         `json:"regions"`
	Attacks  []string         `json:"attacks"`
	Total    Counts           `json:"total"`
	Chains   []SummaryChain   `json:"chains"`
	Days     []SummaryDay     `json:"days"`
}

// SummaryFormat names the format of summary.json, and its version.
const SummaryFormat = "trailkeeper-simulate-2"

// SummaryOptions are the options that determine the bytes.
type SummaryOptions struct {
	Seed          uint64  `json:"seed"`
	Accounts      int     `json:"accounts"`
	Regions       int     `json:"regions"`
	Days          int     `json:"days"`
	EventsPerDay  int     `json:"events_per_day"`
	Duplicates    float64 `json:"duplicates"`
	Late          float64 `json:"late"`
	EventsPerFile int     `json:"events_per_file"`
	Organization  bool    `json:"organization"`
	GzipLevel     int     `json:"gzip_level"`
}

// SummaryAccount is one simulated account.
type SummaryAccount struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	TrailARN string `json:"trail_arn"`
}

// SummaryChain is one digest chain.
type SummaryChain struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Digests int    `json:"digests"`
}

// SummaryDay counts the events of one account and Region by the day of the event, even
// if it was delivered later.
type SummaryDay struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Day     string `json:"day"`
	Counts
}

// Counts add up: the log files hold Events + Duplicates records, and Events is
// Management + Data + NetworkActivity + Insight.
type Counts struct {
	Events            int64 `json:"events"` // distinct
	Duplicates        int64 `json:"duplicates"`
	DuplicatesAltered int64 `json:"duplicates_altered"` // of Duplicates, those with another body
	Late              int64 `json:"late"`               // of Events
	Attack            int64 `json:"attack"`             // of Events
	Management        int64 `json:"management"`
	Data              int64 `json:"data"`
	NetworkActivity   int64 `json:"network_activity"`
	Insight           int64 `json:"insight"`
	Files             int64 `json:"files"` // log files, digests not counted
	Bytes             int64 `json:"bytes"` // of log files, compressed
	UncompressedBytes int64 `json:"uncompressed_bytes"`
}

func (c *Counts) add(d Counts) {
	c.Events += d.Events
	c.Duplicates += d.Duplicates
	c.DuplicatesAltered += d.DuplicatesAltered
	c.Late += d.Late
	c.Attack += d.Attack
	c.Management += d.Management
	c.Data += d.Data
	c.NetworkActivity += d.NetworkActivity
	c.Insight += d.Insight
	c.Files += d.Files
	c.Bytes += d.Bytes
	c.UncompressedBytes += d.UncompressedBytes
}

// Digests counts the digest files of all chains.
func (s *Summary) Digests() int64 {
	n := int64(0)
	for _, c := range s.Chains {
		n += int64(c.Digests)
	}
	return n
}

// GroundTruth is a line of _simulate/ground-truth.jsonl: one event of an attack.
type GroundTruth struct {
	EventID   string `json:"event_id"`
	Attack    string `json:"attack"`
	Step      string `json:"step"`
	EventName string `json:"event_name"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Time      string `json:"time"`
	LogFile   string `json:"log_file"`
}
