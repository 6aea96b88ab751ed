package plumbline

// Reason names why a message was not folded. Reasons are metric labels and dead-letter fields: the list is closed.
type Reason string

const (
	ReasonNone         Reason = ""
	ReasonSyntax       Reason = "syntax"        // not one JSON object
	ReasonTooLarge     Reason = "too_large"     // over the record size limit, also after decompression
	ReasonTooDeep      Reason = "too_deep"      // nested deeper than the limit
	ReasonTooManyKeys  Reason = "too_many_keys" // more members than the limit
	ReasonStringLength Reason = "string_length" // a name or value longer than the limit
	ReasonNumberLength Reason = "number_length" // a numeric literal longer than the limit
	ReasonUTF8         Reason = "utf8"          // a string that is not UTF-8
	ReasonType         Reason = "type"          // a member that plumbline reads has a type it can't have
	ReasonKind         Reason = "kind"          // kind is none of request, response, label
	ReasonNoModel      Reason = "no_model"      // no model, or a name with control characters or over 256 bytes
	ReasonEmpty        Reason = "empty"         // none of features, prediction, label
	ReasonLabelID      Reason = "label_id"      // a label without id can't be joined
	ReasonTimestamp    Reason = "timestamp"     // ts is not a time
	ReasonNoTimestamp  Reason = "no_timestamp"  // no ts, and the source has no time of its own
	ReasonFuture       Reason = "future"        // more than five minutes ahead of the wall clock
	ReasonTooOld       Reason = "too_old"       // older than the retention of panes
	ReasonModelLimit   Reason = "model_limit"   // a model or version beyond the cap, or a model unknown while registration is off
	ReasonTombstone    Reason = "tombstone"     // an empty message
	ReasonCorrupt      Reason = "corrupt"       // the transport's checksum or framing is broken
)

// Reject is the error of a message that can't be a record. It never holds a value of the record.
type Reject struct {
	Reason Reason
	At     int    // byte position in the message, or -1
	Detail string // what is wrong, in words, without values of the record
}

func (r *Reject) Error() string {
	if r.Detail == "" {
		return string(r.Reason)
	}
	return string(r.Reason) + ": " + r.Detail
}
