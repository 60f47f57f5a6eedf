// Package upstream reaches the emulator behind the sandbox with the AWS SDK.
package upstream
