package scan_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// Count the events of an archive by their names.
func Example() {
	source, err := dirarchive.New("testdata/archive")
	if err != nil {
		log.Fatal(err)
	}
	var mu sync.Mutex
	names := map[string]int{}
	account, err := scan.Run(context.Background(), scan.Options{Source: source}, func(int) scan.Consumer {
		return scan.Consumer{Record: func(_ *scan.Stream, _ int64, r *event.Record) error {
			name, _ := r.Get(event.EventName).Text()
			mu.Lock()
			defer mu.Unlock()
			names[string(name)]++
			return nil
		}}
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.Records.Kept, "events in", account.Files.Read, "files:", names)
	// Output: 3 events in 2 files: map[AssumeRole:1 DeleteTrail:2]
}
