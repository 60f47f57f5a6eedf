package supplement

import (
	"bytes"
	"encoding/xml"
	"net/http"
)

// objectLock is a bucket's object lock configuration that moto refused because the
// bucket has objects. It does not apply to a later bucket with the same name.
type objectLock struct {
	Created string `json:"created"` // when the bucket was
	Rules   string `json:"rules"`   // XML
}

// putObjectLock keeps the configuration of a bucket that holds objects. moto has
// looked by then whether the bucket is versioned.
func putObjectLock(c *call) {
	put, bucket := c.pass(), bucketOf(c.r)
	kept := !put.ok() && put.code() == "InvalidBucket" && locks(c.body)
	if !put.ok() && !kept {
		put.relay(c)
		return
	}
	delete(c.state.ObjectLocks, bucket)
	if kept {
		c.state.ObjectLocks[bucket] = &objectLock{c.bucketCreated(bucket), string(c.body)}
		put.status = http.StatusOK
		put.header.Del("Content-Type")
		put.body.Reset()
	}
	if err := c.state.save(); err != nil {
		c.broken(err)
		return
	}
	put.relay(c)
}

// getObjectLock returns the configuration that was put, if it is still the same bucket.
func getObjectLock(c *call) {
	a, bucket := c.pass(), bucketOf(c.r)
	kept := c.state.ObjectLocks[bucket]
	if kept == nil || !a.ok() && a.code() != "ObjectLockConfigurationNotFoundError" || kept.Created != c.bucketCreated(bucket) {
		a.relay(c)
		return
	}
	a.status = http.StatusOK
	a.header.Set("Content-Type", "application/xml")
	a.body.Reset()
	a.body.WriteString(kept.Rules)
	a.relay(c)
}

// deleteBucket forgets the configuration of a bucket that is gone. One of the same
// name may be made within the second, which is as exact as moto's times are.
func deleteBucket(c *call) {
	deleted, bucket := c.pass(), bucketOf(c.r)
	if deleted.status == http.StatusNoContent && c.state.ObjectLocks[bucket] != nil && c.bucketCreated(bucket) == "" {
		delete(c.state.ObjectLocks, bucket)
		if err := c.state.save(); err != nil {
			c.broken(err)
			return
		}
	}
	deleted.relay(c)
}

// locks reports whether a body is a configuration that S3 takes.
func locks(body []byte) bool {
	var configuration struct {
		XMLName           xml.Name `xml:"ObjectLockConfiguration"`
		ObjectLockEnabled string
		Rule              *struct {
			DefaultRetention struct {
				Mode        string
				Days, Years int
			}
		}
	}
	if xml.Unmarshal(body, &configuration) != nil || configuration.ObjectLockEnabled != "Enabled" {
		return false
	}
	if configuration.Rule == nil {
		return true
	}
	r := configuration.Rule.DefaultRetention
	return (r.Mode == "GOVERNANCE" || r.Mode == "COMPLIANCE") && (r.Days > 0) != (r.Years > 0) && r.Days >= 0 && r.Years >= 0
}

// bucketCreated returns when a bucket was created, as moto lists it, "" for none.
func (c *call) bucketCreated(bucket string) string {
	var listed struct {
		Buckets []struct{ Name, CreationDate string } `xml:"Buckets>Bucket"`
	}
	if a := c.askREST(http.MethodGet, "/", nil); !a.ok() || xml.Unmarshal(a.body.Bytes(), &listed) != nil {
		return ""
	}
	for _, b := range listed.Buckets {
		if b.Name == bucket {
			return b.CreationDate
		}
	}
	return ""
}

// code returns the error code of an XML answer, or "".
func (a *answer) code() string {
	var refused struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
	}
	if xml.NewDecoder(bytes.NewReader(a.body.Bytes())).Decode(&refused) != nil {
		return ""
	}
	return refused.Code
}
