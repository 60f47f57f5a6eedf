// Package delivery brings recorded events to where trails want them: log files and digests to buckets, events to log groups, notifications to topics.
package delivery
