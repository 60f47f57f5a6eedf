package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Guard refuses requests that a foreign web page made a browser send: requests for a
// host that is not local, as after DNS rebinding, and requests from an origin that is
// not local. Loopback addresses and localhost are local; hosts lists other names and
// addresses to allow.
//
// buckets says whether the upstream treats a subdomain of these names as a bucket. If
// not, requests for a subdomain are refused: the upstream would use the path only,
// and the record of the call would name the wrong bucket.
func Guard(hosts []string, buckets bool, next http.Handler) http.Handler {
	g := guard{buckets: buckets}
	for _, host := range append([]string{"localhost"}, hosts...) {
		g.names = append(g.names, plain(host))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := g.objection(r); why != "" {
			refuse(w, r, http.StatusForbidden, "AccessDenied", why)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type guard struct {
	names   []string
	buckets bool
}

// objection returns why a request is refused, or "".
func (g guard) objection(r *http.Request) string {
	if !g.local(r.Host) {
		return fmt.Sprintf("the request is for the host %q, which is not local; "+
			"if it is meant, start the sandbox with --allow-host %s", r.Host, plain(r.Host))
	}
	if !g.buckets && g.subdomain(r.Host) {
		return fmt.Sprintf("the host %q names a bucket, and the upstream is not known to serve buckets by host; "+
			"put the bucket into the path, or start the sandbox with --upstream-virtual-hosts if the upstream does", r.Host)
	}
	origins := r.Header["Origin"]
	for _, origin := range origins {
		// The origin "null", of a page that hides its own, is refused too.
		if u, err := url.Parse(origin); err != nil || !g.local(u.Host) {
			return fmt.Sprintf("the request comes from a web page of %q, which is not local; "+
				"if it is meant, start the sandbox with --allow-host and its host", origin)
		}
	}
	// Browsers send no Origin for images, links and the like.
	if len(origins) == 0 && slices.Contains(r.Header["Sec-Fetch-Site"], "cross-site") {
		return "the request comes from a web page elsewhere; open the address by itself"
	}
	return ""
}

// local reports whether a host, with or without a port, is local or allowed, or
// below an allowed name.
func (g guard) local(host string) bool {
	name := plain(host)
	if address, err := netip.ParseAddr(name); err == nil && address.Unmap().IsLoopback() {
		return true
	}
	return slices.ContainsFunc(g.names, func(allowed string) bool {
		return name == allowed || strings.HasSuffix(name, "."+allowed)
	})
}

// subdomain reports whether a host is below an allowed name.
func (g guard) subdomain(host string) bool {
	name := plain(host)
	return !slices.Contains(g.names, name) && slices.ContainsFunc(g.names, func(allowed string) bool {
		return strings.HasSuffix(name, "."+allowed)
	})
}

// plain returns a host without its port, brackets and final dot, in lower case.
func plain(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
