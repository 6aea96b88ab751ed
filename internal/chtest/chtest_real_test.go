//go:build real

package chtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
)

func dial(t *testing.T, s *Server, database string) *ch.Client {
	t.Helper()
	c, err := ch.Dial(t.Context(), ch.Options{Address: s.Addr, Database: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func do(t *testing.T, c *ch.Client, query string) {
	t.Helper()
	if err := c.Do(t.Context(), ch.Query{Body: query}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// number is the one number a query returns.
func number(t *testing.T, c *ch.Client, query string, params ...proto.Parameter) uint64 {
	t.Helper()
	var n proto.ColUInt64
	if err := c.Do(t.Context(), ch.Query{Body: query, Parameters: params, Result: proto.Results{{Name: "n", Data: &n}}}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if n.Rows() != 1 {
		t.Fatalf("%s: %d rows", query, n.Rows())
	}
	return n[0]
}

func TestServer(t *testing.T) {
	s := StartEngine(t, t.TempDir())
	c := dial(t, s, "")
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(t, c, "CREATE DATABASE d")
	do(t, c, "CREATE TABLE d.t (a UInt64, s String, w DateTime MATERIALIZED now()) ENGINE = MergeTree ORDER BY a")

	// Blank lines in the data, which the engine would take for its end.
	var a proto.ColUInt64
	var str proto.ColStr
	for i := range uint64(10_000) {
		a.Append(i * 0x0a0a0a0a)
		str.Append("\n\n")
	}
	if err := c.Do(t.Context(), ch.Query{Body: "INSERT INTO d.t (a, s) VALUES", Input: proto.Input{{Name: "a", Data: a}, {Name: "s", Data: &str}}}); err != nil {
		t.Fatal(err)
	}
	in := dial(t, s, "d")
	if n := number(t, in, "SELECT count() AS n FROM t WHERE s = '\n\n'"); n != 10_000 {
		t.Errorf("%d rows, want 10,000", n)
	}
	if n := number(t, in, "SELECT count() AS n FROM t WHERE a = {a:UInt64}", ch.Parameters(map[string]any{"a": 0x0a0a0a0a})...); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}

	// An exception leaves the connection usable, and a setting ends with its query.
	var exception *ch.Exception
	if err := in.Do(t.Context(), ch.Query{Body: "SELECT nonsense FROM t"}); !errors.As(err, &exception) || exception.Code != proto.ErrUnknownIdentifier {
		t.Errorf("unknown column: %v", err)
	}
	limited := ch.Query{Body: "SELECT count() AS n FROM t WHERE NOT ignore(a)", Settings: []ch.Setting{ch.SettingInt("max_rows_to_read", 1)}}
	if err := in.Do(t.Context(), limited); !errors.As(err, &exception) {
		t.Errorf("a setting has no effect: %v", err)
	}
	if n := number(t, in, "SELECT count() AS n FROM t WHERE NOT ignore(a)"); n != 10_000 {
		t.Errorf("%d rows, want 10,000", n)
	}
	if _, err := ch.Dial(t.Context(), ch.Options{Address: s.Addr, Database: "nowhere"}); !errors.As(err, &exception) || exception.Code != proto.ErrUnknownDatabase {
		t.Errorf("unknown database: %v", err)
	}
}

// Types go through in both directions: what comes back from a table is what the engine itself makes of the expressions.
func TestTypes(t *testing.T) {
	s := StartEngine(t, t.TempDir())
	for i, x := range []struct {
		expression string
		column     proto.ColResult
	}{
		{"toUInt8(1)", new(proto.ColUInt8)},
		{"toDateTime64('2013-07-01 01:02:03.456789', 6, 'UTC')", new(proto.ColDateTime64).WithPrecision(6)},
		{"toDecimal64('1.25', 3)", new(proto.ColAuto)},
		{"'a\\0b'", new(proto.ColStr)},
		{"true", new(proto.ColBool)},
		{"generateUUIDv4()", new(proto.ColUUID)},
		{"CAST(NULL, 'Nullable(Float64)')", new(proto.ColFloat64).Nullable()},
		{"CAST('x', 'LowCardinality(String)')", new(proto.ColStr).LowCardinality()},
		{"CAST(['a', 'b', 'a'], 'Array(LowCardinality(String))')", new(proto.ColStr).LowCardinality().Array()},
		{"[[1], [], [2, 3]]", proto.NewArray(new(proto.ColUInt8).Array())},
		{"map('a', 1.5, 'b', -0.)", proto.NewMap(new(proto.ColStr), new(proto.ColFloat64))},
		{"tuple(1, 'x')", proto.ColTuple{new(proto.ColUInt8), new(proto.ColStr)}},
		{"CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')", new(proto.ColAuto)},
	} {
		expression := x.expression
		c, table := dial(t, s, ""), fmt.Sprint("types_", i)
		do(t, c, "CREATE TABLE "+table+" ENGINE = MergeTree ORDER BY tuple() AS SELECT "+expression+" AS v, number FROM numbers(3)")
		var n proto.ColUInt64
		err := c.Do(t.Context(), ch.Query{Body: "SELECT v, number FROM " + table + " ORDER BY number", Result: proto.Results{{Name: "v", Data: x.column}, {Name: "number", Data: &n}}})
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if n.Rows() != 3 || n[2] != 2 { // a walker that ends a column at the wrong byte breaks the one behind it
			t.Errorf("%s: the column behind it is %v", expression, n)
		}
	}
	var none proto.ColUInt64
	if err := dial(t, s, "").Do(t.Context(), ch.Query{Body: "SELECT number AS n FROM numbers(3) WHERE number > 5", Result: proto.Results{{Name: "n", Data: &none}}}); err != nil || none.Rows() != 0 {
		t.Errorf("no rows: %v, %v", none, err)
	}
}

// What was acknowledged outlives kill -9, on the same address.
func TestRestart(t *testing.T) {
	s := StartEngine(t, t.TempDir())
	addr := s.Addr
	c := dial(t, s, "")
	do(t, c, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	do(t, c, "INSERT INTO t SELECT number FROM numbers(1000)")
	s.Kill()
	if err := c.Ping(context.Background()); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart()
	if s.Addr != addr {
		t.Errorf("the server moved from %s to %s", addr, s.Addr)
	}
	if n := number(t, dial(t, s, ""), "SELECT count() AS n FROM t"); n != 1000 {
		t.Errorf("%d rows, want 1000", n)
	}
	s.Stop()
	s.Stop() // twice is once
}

func TestUsersServer(t *testing.T) {
	t.Setenv(Env, "127.0.0.1:1")
	if s := Start(t, t.TempDir()); s.Addr != "127.0.0.1:1" || s.cmd != nil {
		t.Errorf("the server is %+v, not the user's", s)
	}
}
