// Package record writes the CloudTrail record of an API call.
package record
