package operation

import (
	"net"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn/partition"
)

// host is the labels of a host name, in lower case, without the port. It is empty for
// an IP address.
type host []string

func parseHost(text string) host {
	name, _, err := net.SplitHostPort(text)
	if err != nil {
		name = text
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || net.ParseIP(strings.Trim(name, "[]")) != nil {
		return nil
	}
	return strings.Split(name, ".")
}

// aws reports whether the host names a service, at AWS or at an emulator.
func (h host) aws() bool {
	name := strings.Join(h, ".")
	for _, domain := range []string{"api.aws", "localhost", "localstack.cloud"} {
		if strings.HasSuffix(name, "."+domain) {
			return true
		}
	}
	return slices.ContainsFunc(partition.All(), func(p partition.Partition) bool { return strings.HasSuffix(name, "."+p.DNSSuffix) })
}

// service returns the service whose endpoint the host is, such as of
// lambda.us-east-1.amazonaws.com or api.ecr.us-east-1.amazonaws.com.
func (h host) service() *service {
	if !h.aws() {
		return nil
	}
	if s := known().endpoints[h[0]+"."+h[1]]; s != nil {
		return s
	}
	if s := known().endpoints[h[0]]; s != nil {
		return s
	}
	if h.s3() >= 0 {
		return known().services["s3"]
	}
	return nil
}

// region returns the label that looks like a Region, as in s3-us-west-2 too.
func (h host) region() string {
	for _, label := range h {
		label = strings.TrimPrefix(label, "s3-")
		dash := strings.LastIndexByte(label, '-')
		if strings.Count(label, "-") >= 2 && dash == len(label)-2 && label[dash+1] >= '1' && label[dash+1] <= '9' {
			return label
		}
	}
	return ""
}

// s3 returns the index of the label that makes a host an endpoint of S3, or -1. The
// labels before it are a bucket, whose name may contain dots.
func (h host) s3() int {
	for i := len(h) - 1; i >= 0; i-- {
		switch label := h[i]; {
		case label == "s3", label == "s3-fips", label == "s3-accelerate", label == "s3-accesspoint", label == "s3-accesspoint-fips",
			label == "s3-object-lambda", label == "s3-outposts", strings.HasPrefix(label, "s3express-"),
			strings.HasPrefix(label, "s3-") && (host{label}).region() != "":
			return i
		}
	}
	return -1
}

// control reports whether the host is an endpoint of S3 Control.
func (h host) control() bool {
	for _, label := range h {
		if label == "s3-control" || label == "s3-control-fips" {
			return true
		}
	}
	return false
}

// accessPoint reports whether the labels before an endpoint of S3 are an access point.
func (h host) accessPoint() bool {
	i := h.s3()
	return i > 0 && strings.HasPrefix(h[i], "s3-accesspoint")
}

// bucket returns the bucket that a virtual-hosted request names, or "".
func (h host) bucket() string {
	if !h.aws() {
		return ""
	}
	end := h.s3()
	if end < 0 && h[len(h)-1] == "localhost" {
		end = len(h) - 1
	}
	return strings.Join(h[:max(end, 0)], ".")
}
