//go:build linux && amd64

// Package chdb binds libchdb, the ClickHouse engine as a shared library, without cgo. It owns what crosses into C: calls,
// memory, signals. It knows nothing of protocols, and no product code imports it.
package chdb

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

type ptr = unsafe.Pointer

// queryFunc runs a query: connection, query, its length, format, its length, names and values of parameters as two pairs of
// arrays (pointers, lengths), their number.
type queryFunc = func(conn, query ptr, queryLen uintptr, format ptr, formatLen uintptr, names, nameLens, values, valueLens ptr, n uintptr) ptr

var lib struct {
	connect      func(argc int32, argv ptr) ptr
	closeConn    func(conn ptr)
	query        queryFunc
	stream       queryFunc
	fetch        func(conn, stream ptr) ptr
	cancel       func(conn, stream ptr)
	destroy      func(result ptr)
	buffer       func(result ptr) ptr
	length       func(result ptr) uintptr
	errorText    func(result ptr) string
	rowsWritten  func(result ptr) uint64
	ownHandlers  func(on int32)
	goHandlers   signalTable
	connectMutex sync.Mutex // one connect at a time: handlers are wrong until it has put them back
}

// Load loads the library. Call it once, before anything else here.
func Load(path string) error {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load the engine: %w", err)
	}
	for name, fn := range map[string]any{
		"chdb_connect":                     &lib.connect,
		"chdb_close_conn":                  &lib.closeConn,
		"chdb_query_with_params_n":         &lib.query,
		"chdb_stream_query_with_params_n":  &lib.stream,
		"chdb_stream_fetch_result":         &lib.fetch,
		"chdb_stream_cancel_query":         &lib.cancel,
		"chdb_destroy_query_result":        &lib.destroy,
		"chdb_result_buffer":               &lib.buffer,
		"chdb_result_length":               &lib.length,
		"chdb_result_error":                &lib.errorText,
		"chdb_result_rows_written":         &lib.rowsWritten,
		"chdb_set_signal_handlers_enabled": &lib.ownHandlers,
	} {
		if _, err := purego.Dlsym(handle, name); err != nil {
			return fmt.Errorf("load the engine: %w", err)
		}
		purego.RegisterLibFunc(fn, handle, name)
	}
	lib.goHandlers = readSignals()
	lib.ownHandlers(0)
	lib.goHandlers.restore()
	return nil
}

// Conn is one session: USE, SET and temporary tables are private to it. It is not for concurrent use.
type Conn struct{ p ptr }

// Connect opens a session on a data directory. All sessions of a process that are open at the same time share one directory,
// and the engine stops when the last one closes.
func Connect(dir string) (*Conn, error) {
	args := [][]byte{[]byte("clickhouse\x00"), []byte("--path=" + dir + "\x00")}
	var pin runtime.Pinner
	defer pin.Unpin()
	argv := make([]*byte, len(args)+1)
	for i, a := range args {
		argv[i] = &a[0]
		pin.Pin(argv[i])
	}
	pin.Pin(&argv[0])

	lib.connectMutex.Lock()
	defer lib.connectMutex.Unlock()
	defer lib.goHandlers.restore()
	p := lib.connect(int32(len(args)), ptr(&argv[0]))
	if p == nil || *(*ptr)(p) == nil {
		return nil, errors.New("the engine did not open its data directory; its reason is on stderr (another process may hold it)")
	}
	return &Conn{p}, nil
}

// Close ends the session.
func (c *Conn) Close() { lib.closeConn(c.p) }

// Param is the value of a {Name:Type} query parameter, in ClickHouse's escaped text.
type Param struct{ Name, Value string }

// Error is an exception of the engine.
type Error struct {
	Code int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("code %d: %s", e.Code, e.Text) }

var (
	codeText    = regexp.MustCompile(`Code: (\d+)\. `)
	wrappedText = regexp.MustCompile(`^(?:Code: \d+\. (?:DB::Exception: )?)+`) // inserts from a file wrap it twice
)

const unknownException = 1002

func newError(text string) error {
	e := &Error{Code: unknownException, Text: wrappedText.ReplaceAllString(strings.TrimSpace(text), "")}
	if m := codeText.FindStringSubmatch(text); m != nil {
		e.Code, _ = strconv.Atoi(m[1])
	}
	return e
}

// Query runs one statement and returns its whole result in the format, and the number of rows it wrote.
func (c *Conn) Query(query, format string, params ...Param) (out []byte, written uint64, err error) {
	r := c.call(lib.query, query, format, params)
	if r == nil {
		return nil, 0, errors.New("the engine returned nothing")
	}
	defer lib.destroy(r)
	if text := lib.errorText(r); text != "" {
		return nil, 0, newError(text)
	}
	return copyResult(r), lib.rowsWritten(r), nil
}

// Stream runs a SELECT and calls yield with each chunk of its result, until yield returns an error.
func (c *Conn) Stream(query, format string, params []Param, yield func([]byte) error) error {
	stream := c.call(lib.stream, query, format, params)
	if stream == nil {
		return errors.New("the engine returned nothing")
	}
	defer lib.destroy(stream)
	if text := lib.errorText(stream); text != "" {
		return newError(text)
	}
	for {
		chunk, err := c.next(stream)
		if err != nil || len(chunk) == 0 {
			return err
		}
		if err := yield(chunk); err != nil {
			lib.cancel(*(*ptr)(c.p), stream)
			return err
		}
	}
}

func (c *Conn) next(stream ptr) ([]byte, error) {
	r := lib.fetch(*(*ptr)(c.p), stream)
	if r == nil {
		return nil, errors.New("the engine returned nothing")
	}
	defer lib.destroy(r)
	if text := lib.errorText(r); text != "" {
		return nil, newError(text)
	}
	return copyResult(r), nil
}

// call passes Go memory to C; all of it is pinned for the time of the call.
func (c *Conn) call(f queryFunc, query, format string, params []Param) ptr {
	var pin runtime.Pinner
	defer pin.Unpin()
	text := func(s string) (*byte, uintptr) {
		b := append([]byte(s), 0)
		pin.Pin(&b[0])
		return &b[0], uintptr(len(s))
	}
	n := len(params)
	texts, lens := make([]*byte, 2*n+1), make([]uintptr, 2*n+1) // names, then values; never empty, so that &texts[n] exists
	for i, p := range params {
		texts[i], lens[i] = text(p.Name)
		texts[n+i], lens[n+i] = text(p.Value)
	}
	pin.Pin(&texts[0])
	pin.Pin(&lens[0])
	q, qLen := text(query)
	fm, fmLen := text(format)
	return f(*(*ptr)(c.p), ptr(q), qLen, ptr(fm), fmLen, ptr(&texts[0]), ptr(&lens[0]), ptr(&texts[n]), ptr(&lens[n]), uintptr(n))
}

func copyResult(r ptr) []byte {
	n := lib.length(r)
	if n == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(lib.buffer(r)), n)...)
}
