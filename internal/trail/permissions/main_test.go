package permissions_test

import (
	"os"
	"testing"

	"github.com/cerpac/trailkeeper/internal/mototest"
)

func TestMain(m *testing.M) { os.Exit(mototest.Main(m)) }
