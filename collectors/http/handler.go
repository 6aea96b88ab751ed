package http

import (
	"compress/gzip"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"plumbline"
)

// Path is where records are posted.
const Path = "/v1/records"

const (
	retryAfter  = 5 * time.Second
	maxRejected = 1000 // in one answer; the rest is counted only
)

var (
	errTooLarge = errors.New("the body is too large")
	errBusy     = errors.New("too many requests at once")
	errEncoding = errors.New("the body is not what Content-Encoding says")
)

// answer is the body of every response.
type answer struct {
	Accepted int        `json:"accepted"`
	Rejected []rejected `json:"rejected"`
	More     int        `json:"rejected_more,omitempty"` // rejected beyond those listed
	Error    string     `json:"error,omitempty"`

	reasons map[plumbline.Reason]int
}

type rejected struct {
	Line   int              `json:"line"` // or place in an array, from 1
	Reason plumbline.Reason `json:"reason"`
}

// Handler serves POST /v1/records.
func (s *Source) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(Path, s.records)
	return mux
}

func (s *Source) records(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		fail(w, http.StatusMethodNotAllowed, "only POST is allowed")
		return
	}
	switch ok, err := s.authorized(r); {
	case err != nil:
		s.log.Error("bearer token can't be read; requests are refused", "error", err)
		fail(w, http.StatusServiceUnavailable, "the server can't check tokens now")
		return
	case !ok:
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, http.StatusUnauthorized, "a bearer token is needed")
		return
	}
	if s.spool.full() {
		retry(w, http.StatusTooManyRequests, errFull.Error())
		return
	}
	b := &body{memory: &s.memory, most: s.c.memory}
	defer b.release()
	text, err := s.read(w, r, b)
	if err != nil {
		s.refuse(w, err)
		return
	}
	arrival := s.now()
	parts, err := split(text)
	if err != nil {
		s.count(plumbline.ReasonSyntax)
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	good, out := s.judge(parts, arrival)
	if len(good) == 0 && len(out.Rejected) == 0 {
		s.count(plumbline.ReasonSyntax)
		fail(w, http.StatusBadRequest, "the body holds no record")
		return
	}
	if len(good) == 0 {
		s.countAll(out)
		out.Error = "no record is usable"
		reply(w, http.StatusBadRequest, out)
		return
	}
	switch err := s.spool.append(good, arrival); {
	case errors.Is(err, errFull):
		retry(w, http.StatusTooManyRequests, err.Error())
	case err != nil:
		s.log.Error("records can't be made durable; requests are refused", "error", err)
		retry(w, http.StatusServiceUnavailable, "records can't be made durable now")
	default:
		s.countAll(out)
		out.Accepted = len(good)
		reply(w, http.StatusAccepted, out)
	}
}

// judge keeps the messages that can be records.
func (s *Source) judge(parts iter.Seq[part], arrival time.Time) (good [][]byte, out answer) {
	out.Rejected, out.reasons = []rejected{}, map[plumbline.Reason]int{}
	for p := range parts {
		var reason plumbline.Reason
		if len(p.value) > s.c.MaxMessage {
			reason = plumbline.ReasonTooLarge
		} else if s.c.Validate != nil {
			if r := s.c.Validate(p.value, arrival); r != nil {
				reason = r.Reason
			}
		}
		if reason == plumbline.ReasonNone {
			good = append(good, p.value)
			continue
		}
		if out.reasons[reason]++; len(out.Rejected) < maxRejected {
			out.Rejected = append(out.Rejected, rejected{p.line, reason})
		} else {
			out.More++
		}
	}
	return good, out
}

// countAll counts what an answer refuses; not before it is sent for good, since what is to be sent again is not refused.
func (s *Source) countAll(a answer) {
	for reason, n := range a.reasons {
		for range n {
			s.count(reason)
		}
	}
}

func (s *Source) count(reason plumbline.Reason) {
	if s.c.Rejected != nil {
		s.c.Rejected(reason)
	}
}

// authorized compares in constant time, whatever the lengths.
func (s *Source) authorized(r *http.Request) (bool, error) {
	if s.c.Token == nil {
		return true, nil
	}
	want, err := s.c.Token()
	if err != nil || want == "" {
		return false, errors.Join(err, errors.New("no token"))
	}
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(strings.TrimSpace(got)))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && strings.EqualFold(scheme, "Bearer"), nil
}

// body counts the memory a request's text takes against what all requests may take together.
type body struct {
	memory *atomic.Int64
	most   int64
	taken  int64
}

func (b *body) take(n int64) bool {
	b.taken += n
	return b.memory.Add(n) <= b.most
}

func (b *body) release() { b.memory.Add(-b.taken) }

// read reads and decompresses a body, within its bounds.
func (s *Source) read(w http.ResponseWriter, r *http.Request, b *body) ([]byte, error) {
	if r.ContentLength > s.c.MaxBody {
		return nil, errTooLarge
	}
	in, most := io.Reader(http.MaxBytesReader(w, r.Body, s.c.MaxBody)), s.c.MaxBody
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, encoding(err)
		}
		in, most = z, s.c.MaxText
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(s.c.MaxText)), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, encoding(err)
		}
		defer z.Close()
		in, most = z, s.c.MaxText
	default:
		return nil, http.ErrNotSupported
	}
	return readAll(in, most, b)
}

// readAll reads at most so many bytes, growing as it goes.
func readAll(in io.Reader, most int64, b *body) ([]byte, error) {
	if !b.take(4 << 10) {
		return nil, errBusy
	}
	text := make([]byte, 0, 4<<10)
	for {
		if len(text) == cap(text) {
			if !b.take(int64(cap(text))) {
				return nil, errBusy
			}
			grown := make([]byte, len(text), 2*cap(text))
			copy(grown, text)
			text = grown
		}
		n, err := in.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case int64(len(text)) > most:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, encoding(err)
		}
	}
}

// encoding tells errors of the body's length from those of its compression and of the connection.
func encoding(err error) error {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return errTooLarge
	default:
		return errEncoding
	}
}

func (s *Source) refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, http.ErrNotSupported):
		w.Header().Set("Accept-Encoding", "gzip, zstd")
		fail(w, http.StatusUnsupportedMediaType, "Content-Encoding is none of gzip and zstd")
	case errors.Is(err, errTooLarge):
		s.count(plumbline.ReasonTooLarge)
		fail(w, http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(s.c.MaxBody, 10)+" bytes, or than "+
			strconv.FormatInt(s.c.MaxText, 10)+" uncompressed: send less at once")
	case errors.Is(err, errBusy):
		retry(w, http.StatusTooManyRequests, errBusy.Error())
	default:
		s.count(plumbline.ReasonCorrupt)
		fail(w, http.StatusBadRequest, "the body can't be read whole: "+err.Error())
	}
}

func retry(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	fail(w, status, message)
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, answer{Rejected: []rejected{}, Error: message})
}

func reply(w http.ResponseWriter, status int, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // the client may be gone
}
