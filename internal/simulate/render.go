package simulate

// occurrence is one event before it is written. It is small, because a shard has
// millions; everything else is derived from its key.
type occurrence struct {
	key      uint64 // of the event's random choices
	at       int64  // event time, seconds since 1970
	slot     int64  // delivery time; several files may share it
	actor    int32  // index in the account
	via      *access
	call     *call
	scenario *scenarioEvent // nil for ordinary events
	denied   bool
	late     bool
	copyOf   int32 // 1 + index of the event this is a second delivery of, or 0
	altered  bool  // a copy with another body
}

// writer appends records as JSON. It belongs to one shard.
type writer struct {
	sc       scope
	account  *account
	region   *region
	sessions map[sessionKey][]byte
}

type sessionKey struct {
	actor int32
	block int64
}

func newWriter(org *organization, a *account, r *region) *writer {
	return &writer{
		sc:      scope{org: org, account: a, region: r},
		account: a, region: r, sessions: map[sessionKey][]byte{},
	}
}

// identity returns the userIdentity of an ordinary event.
func (w *writer) identity(e *occurrence) []byte {
	act := w.account.actors[e.actor]
	block, _ := act.block(e.at)
	key := sessionKey{e.actor, block}
	identity, ok := w.sessions[key]
	if !ok {
		identity = act.identityAt(&w.sc, e.at)
		w.sessions[key] = identity
	}
	return identity
}

// append writes e as one JSON object, its members in CloudTrail's order.
func (w *writer) append(dst []byte, e *occurrence) []byte {
	identity := w.enter(e)
	if e.scenario != nil && e.scenario.record != nil {
		return e.scenario.record.appendTo(dst, &w.sc)
	}
	c := e.call
	dst = append(append(dst, `{"eventVersion":"`...), c.version...)
	dst = append(append(dst, `","userIdentity":`...), identity...)
	dst = appendTime(append(dst, `,"eventTime":"`...), e.at)
	dst = append(append(dst, `","eventSource":"`...), c.source...)
	dst = append(append(dst, `","eventName":"`...), c.name...)
	dst = append(append(dst, `","awsRegion":"`...), w.region.name...)
	dst = append(append(dst, `",`...), e.via.fields...)
	dst = w.appendBodies(dst, e)
	dst = w.appendIDs(dst, e)
	return w.appendTail(dst, e)
}

// enter prepares the scope for e and returns its userIdentity.
func (w *writer) enter(e *occurrence) []byte {
	sc := &w.sc
	if st := e.scenario; st != nil {
		sc.begin(e.key, e.at)
		sc.call, sc.via, sc.who, sc.vars = e.call, e.via, st.who, st.vars
		return st.identity
	}
	identity := w.identity(e)
	sc.begin(e.key, e.at)
	sc.call, sc.via, sc.who = e.call, e.via, w.account.actors[e.actor]
	return identity
}

// appendBodies writes the error, the request and the response.
func (w *writer) appendBodies(dst []byte, e *occurrence) []byte {
	sc, c := &w.sc, e.call
	request, response, additional := c.request, c.response, c.additional
	failure := sc.failure(e)
	if st := e.scenario; st != nil {
		request, response, additional = st.request, st.response, st.additional
	}
	if failure != nil {
		dst = appendText(dst, `,"errorCode":"`, failure.code, sc)
		dst = appendText(dst, `,"errorMessage":"`, failure.message, sc)
		if c.eventType != "AwsConsoleSignIn" { // a failed sign-in says so in its response
			response = nil
		}
	}
	dst = appendOrNull(append(dst, `,"requestParameters":`...), request, sc)
	dst = appendOrNull(append(dst, `,"responseElements":`...), response, sc)
	if additional != nil {
		dst = additional.appendTo(append(dst, `,"additionalEventData":`...), sc)
	}
	return dst
}

// appendText writes a string member, if it has any text.
func appendText(dst []byte, name string, t template, sc *scope) []byte {
	if t == nil {
		return dst
	}
	return append(t.appendTo(append(dst, name...), sc), '"')
}

func appendOrNull(dst []byte, t template, sc *scope) []byte {
	if t == nil {
		return append(dst, "null"...)
	}
	return t.appendTo(dst, sc)
}

// failure decides whether, and how, the event's call failed.
func (s *scope) failure(e *occurrence) *callError {
	if e.scenario != nil {
		return e.scenario.failure
	}
	if e.denied {
		return &e.call.denied
	}
	for i := range e.call.errors {
		if s.rng.chance(e.call.errors[i].rate) {
			return &e.call.errors[i]
		}
	}
	return nil
}

func (w *writer) appendIDs(dst []byte, e *occurrence) []byte {
	sc, c := &w.sc, e.call
	requestID := newStream(mix(e.key ^ 0x7265717565737449))
	if !c.noRequestID {
		dst = append(dst, `,"requestID":"`...)
		if c.shortID {
			dst = requestID.letters(dst, 16, upperSet)
		} else {
			dst = requestID.uuid(dst)
		}
		dst = append(dst, '"')
	}
	dst = append(dst, `,"eventID":"`...)
	dst = eventID(dst, e.key)
	dst = append(dst, `","readOnly":`...)
	dst = appendBool(dst, c.readOnly)
	resources := c.resources
	if e.scenario != nil {
		resources = e.scenario.resources
	}
	if resources != nil {
		dst = resources.appendTo(append(dst, `,"resources":`...), sc)
	}
	return dst
}

// eventID derives the id from the event's key alone, so that the ground truth can name
// an event without formatting it.
func eventID(dst []byte, key uint64) []byte {
	s := newStream(mix(key ^ 0x6576656e74494421))
	return s.uuid(dst)
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// appendTail writes what follows the ids, and closes the record.
func (w *writer) appendTail(dst []byte, e *occurrence) []byte {
	sc, c := &w.sc, e.call
	dst = append(append(dst, `,"eventType":"`...), c.eventType...)
	if c.apiVersion != "" {
		dst = append(append(dst, `","apiVersion":"`...), c.apiVersion...)
	}
	dst = append(dst, `","managementEvent":`...)
	dst = appendBool(dst, c.category == "Management")
	dst = append(append(dst, `,"recipientAccountId":"`...), w.account.id...)
	dst = append(dst, '"')
	if e.scenario != nil && e.scenario.sharedEventID != "" {
		dst = append(append(dst, `,"sharedEventID":"`...), e.scenario.sharedEventID...)
		dst = append(dst, '"')
	}
	if e.via.endpoint != "" {
		dst = append(append(dst, `,"vpcEndpointId":"`...), e.via.endpoint...)
		dst = append(append(dst, `","vpcEndpointAccountId":"`...), w.account.id...)
		dst = append(dst, '"')
	}
	if c.details != nil {
		dst = c.details.appendTo(append(dst, `,"serviceEventDetails":`...), sc)
	}
	dst = append(append(dst, `,"eventCategory":"`...), c.category...)
	dst = append(dst, '"')
	dst = w.appendAddendum(dst, e)
	if e.via.console && c.eventType == "AwsApiCall" {
		dst = append(dst, `,"sessionCredentialFromConsole":"true"`...)
	}
	if len(e.via.tls) > 0 && len(c.host) > 0 {
		dst = append(dst, e.via.tls...)
		dst = c.host.appendTo(dst, sc)
		dst = append(dst, `"}`...)
	}
	return append(dst, '}')
}

// appendAddendum writes the reason of some late events, and the difference of an
// altered copy from its original.
func (w *writer) appendAddendum(dst []byte, e *occurrence) []byte {
	switch {
	case e.altered:
		dst = append(dst, `,"addendum":{"reason":"UPDATED_DATA","updatedFields":"userAgent","originalEventID":"`...)
		dst = eventID(dst, e.key)
		return append(dst, `"}`...)
	case e.late && e.key&1 == 0:
		return append(dst, `,"addendum":{"reason":"DELIVERY_DELAY"}`...)
	}
	return dst
}
