//go:build linux && amd64

package native

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"plumbline/internal/chtest/chdb"
)

// revision of the protocol: the newest clickhouse-go speaks, and the oldest with query parameters that it uses.
const revision = 54460

// Serve answers clients on ln with the engine's data in dir, until ln is closed. The engine is loaded already.
func Serve(ln net.Listener, dir string) error {
	keep, err := chdb.Connect(dir) // the engine stops when its last session closes
	if err != nil {
		return err
	}
	defer keep.Close()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			c := &client{conn: conn, in: proto.NewReader(conn), frames: compress.NewWriter(0, compress.LZ4)}
			if err := c.serve(dir); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				log.Printf("%v: %v", conn.RemoteAddr(), err)
			}
		}()
	}
}

// client is one connection.
type client struct {
	conn     net.Conn
	in       *proto.Reader
	out      proto.Buffer
	revision int
	session  *session
	frames   *compress.Writer
}

func (c *client) serve(dir string) error {
	if p, err := c.in.UVarInt(); err != nil || proto.ClientCode(p) != proto.ClientCodeHello {
		return err
	}
	var hello proto.ClientHello
	if err := hello.Decode(c.in); err != nil {
		return err
	}
	c.revision = min(revision, hello.ProtocolVersion)
	var err error
	if c.session, err = openSession(dir, hello.Database); err != nil {
		return c.exception(err)
	}
	defer c.session.conn.Close()
	(&proto.ServerHello{Name: "ClickHouse", DisplayName: "chtest", Major: 26, Minor: 7, Patch: 3, Revision: revision, Timezone: "UTC"}).EncodeAware(&c.out, c.revision)
	if err := c.flush(); err != nil {
		return err
	}
	if c.revision >= proto.FeatureAddendum.Version() {
		if _, err := c.in.Str(); err != nil { // quota key
			return err
		}
	}
	for {
		p, err := c.in.UVarInt()
		if err != nil {
			return io.EOF
		}
		switch proto.ClientCode(p) {
		case proto.ClientCodePing:
			proto.ServerCodePong.Encode(&c.out)
			err = c.flush()
		case proto.ClientCodeQuery:
			err = c.query()
		case proto.ClientCodeCancel: // too late: the query has been answered
		default:
			err = fmt.Errorf("unexpected packet %d", p)
		}
		if err != nil {
			return err
		}
	}
}

func (c *client) query() error {
	var q proto.Query
	if err := q.DecodeAware(c.in, c.revision); err != nil {
		return err
	}
	packed := q.Compression == proto.CompressionEnabled
	for end := false; !end; { // external tables, then an empty block
		var err error
		var external bytes.Buffer
		if end, err = c.readData(packed, &external); err != nil {
			return err
		}
		if external.Len() > 0 {
			return c.exception(errors.New("external tables are not supported by the test server"))
		}
	}
	settings := map[string]string{}
	for _, s := range q.Settings {
		settings[s.Key] = s.Value
	}
	if err := c.session.configure(settings); err != nil {
		return c.exception(err)
	}
	if in, ok := parseInsert(q.Body); ok {
		return c.insert(in, packed)
	}
	return c.run(&q, packed)
}

// run answers everything but an insert of rows.
func (c *client) run(q *proto.Query, packed bool) error {
	var params []chdb.Param
	for _, p := range q.Parameters {
		params = append(params, chdb.Param{Name: p.Key, Value: unquote(p.Value)})
	}
	yielded, broken := false, error(nil)
	err := c.session.run(q.Body, params, func(b []byte) error {
		yielded = true
		broken = c.writeBlocks(b, packed)
		return broken
	})
	if broken != nil {
		return broken
	}
	if err != nil {
		return c.exception(err)
	}
	if !yielded { // a client that waits for rows takes the lack of any block for a broken connection
		if err := c.writeBlocks(emptyBlock(nil), packed); err != nil {
			return err
		}
	}
	proto.ServerCodeEndOfStream.Encode(&c.out)
	return c.flush()
}

func (c *client) insert(in *insert, packed bool) error {
	header, err := c.session.header(in)
	if err != nil {
		return c.exception(err)
	}
	if err := c.writeBlocks(header, packed); err != nil {
		return err
	}
	spool, err := newSpool()
	if err != nil {
		return c.exception(err)
	}
	defer spool.Close()
	for end := false; !end; {
		if end, err = c.readData(packed, spool); err != nil {
			return err // the client is gone: nothing is inserted
		}
	}
	rows, err := c.session.insertRows(in, spool)
	if err != nil {
		return c.exception(err)
	}
	proto.ServerCodeProgress.Encode(&c.out)
	proto.Progress{WroteRows: rows}.EncodeAware(&c.out, c.revision)
	proto.ServerCodeEndOfStream.Encode(&c.out)
	return c.flush()
}

// readData reads one Data packet and writes its block to w in the bare format. The empty block is the end.
func (c *client) readData(packed bool, w io.Writer) (end bool, err error) {
	p, err := c.in.UVarInt()
	if err != nil || proto.ClientCode(p) != proto.ClientCodeData {
		return false, io.ErrUnexpectedEOF // cancelled or gone
	}
	if _, err := c.in.Str(); err != nil { // name of an external table
		return false, err
	}
	block := &walker{src: c.in}
	if packed { // a block ends where a frame ends, so reading ahead takes nothing of the next packet
		block.src = bufio.NewReaderSize(&frames{src: c.in}, 1<<16)
	}
	columns, err := block.block(c.revision, 0)
	if err != nil || columns == 0 {
		return columns == 0, err
	}
	_, err = w.Write(block.out)
	return false, err
}

// writeBlocks sends each of the bare blocks in b as a Data packet.
func (c *client) writeBlocks(b []byte, packed bool) error {
	w := &walker{src: bytes.NewReader(b)}
	for {
		w.out = w.out[:0]
		if _, err := w.block(0, c.revision); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		proto.ServerCodeData.Encode(&c.out)
		c.out.PutString("")
		if err := c.writePacked(w.out, packed); err != nil {
			return err
		}
		if err := c.flush(); err != nil {
			return err
		}
	}
}

func (c *client) writePacked(b []byte, packed bool) error {
	if !packed {
		c.out.PutRaw(b)
		return nil
	}
	const frame = 1 << 20 // as a server cuts them
	for len(b) > 0 {
		n := min(len(b), frame)
		if err := c.frames.Compress(b[:n]); err != nil {
			return err
		}
		c.out.PutRaw(c.frames.Data)
		b = b[n:]
	}
	return nil
}

// exception answers with an error; the connection stays usable.
func (c *client) exception(err error) error {
	e := &chdb.Error{Code: 1002, Text: err.Error()} // unknown exception
	errors.As(err, &e)
	proto.ServerCodeException.Encode(&c.out)
	(&proto.Exception{Code: proto.Error(e.Code), Name: "DB::Exception", Message: "DB::Exception: " + e.Text}).EncodeAware(&c.out, c.revision)
	return c.flush()
}

func (c *client) flush() error {
	_, err := c.conn.Write(c.out.Buf)
	c.out.Reset()
	return err
}

// unquote takes one layer of quotes off a parameter's value; the escapes below it are the engine's.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '\'' {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\n`, "\n", `\r`, "\r", `\t`, "\t", `\0`, "\x00", `\b`, "\b", `\f`, "\f").Replace(s[1 : len(s)-1])
}
