//go:build linux && amd64

package native

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"plumbline/internal/chtest/chdb"
)

// session is one engine connection, used by one client connection.
type session struct {
	conn     *chdb.Conn
	settings map[string]string // those of the last query
}

func openSession(dir, database string) (*session, error) {
	conn, err := chdb.Connect(dir)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn}
	// A library session starts with the defaults of the command-line tool; a server's differ.
	err = s.exec("SET implicit_select=0, allow_introspection_functions=0")
	if err == nil && database != "" {
		err = s.exec("USE `" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(database) + "`")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) exec(query string) error {
	_, _, err := s.conn.Query(query, "Null")
	return err
}

// configure gives the session exactly these settings. Most clients send the same ones with every query, which costs nothing.
func (s *session) configure(settings map[string]string) error {
	if maps.Equal(s.settings, settings) {
		return nil
	}
	var back, set []string
	for name := range s.settings {
		back = append(back, name+"=DEFAULT")
	}
	for name, value := range settings {
		set = append(set, name+"='"+strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(value)+"'")
	}
	s.settings = nil
	for _, list := range [][]string{back, set} {
		if len(list) == 0 {
			continue
		}
		if err := s.exec("SET " + strings.Join(list, ", ")); err != nil {
			return err
		}
	}
	s.settings = settings
	return nil
}

var (
	leadingComments = regexp.MustCompile(`^(?s:\s*(?:--[^\n]*\n|/\*.*?\*/))+`)
	insertOfRows    = regexp.MustCompile("(?is)^\\s*(INSERT\\s+INTO\\s+(?:TABLE\\s+)?((?:[\\w.]|`[^`]*`|\"[^\"]*\")+)\\s*(?:\\(([^()]*)\\))?)" +
		"(\\s+SETTINGS\\s+.*?)?\\s*(?:VALUES|FORMAT\\s+(?:Native|Values))\\s*;?\\s*$")
	returnsRows = regexp.MustCompile(`(?is)^[\s(]*(SELECT|WITH)\b`)
)

// insert is an INSERT whose rows follow in blocks.
type insert struct {
	head     string // INSERT INTO table (columns)
	table    string
	columns  []string // nil for all
	settings string
}

func parseInsert(query string) (*insert, bool) {
	m := insertOfRows.FindStringSubmatch(leadingComments.ReplaceAllString(query, ""))
	if m == nil {
		return nil, false
	}
	in := &insert{head: m[1], table: m[2], settings: m[4]}
	if list := strings.TrimSpace(m[3]); list != "" && list != "*" {
		for _, c := range splitTop(list, ',') {
			in.columns = append(in.columns, strings.Trim(c, "`\""))
		}
	}
	return in, true
}

// describe lists names and types of a table's or a query's columns, and how a column gets its default.
func (s *session) describe(what string, params ...chdb.Param) ([][]string, error) {
	// without the setting a named tuple is described over several lines
	tsv, _, err := s.conn.Query("DESCRIBE TABLE "+what+" SETTINGS print_pretty_type_names=0", "TSVRaw", params...)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(string(tsv)) {
		if f := strings.Split(line, "\t"); len(f) > 2 {
			rows = append(rows, f[:3])
		}
	}
	return rows, nil
}

const codeNoSuchColumn = 16

// header is the block without rows that tells the client which columns to send.
func (s *session) header(in *insert) ([]byte, error) {
	described, err := s.describe(in.table)
	if err != nil {
		return nil, err
	}
	types, columns := map[string]string{}, [][]string(nil)
	for _, d := range described {
		types[d[0]] = d[1]
		if d[2] != "MATERIALIZED" && d[2] != "ALIAS" {
			columns = append(columns, d)
		}
	}
	if in.columns != nil {
		columns = nil
		for _, name := range in.columns {
			if types[name] == "" {
				return nil, &chdb.Error{Code: codeNoSuchColumn, Text: "No such column " + name + " in table " + in.table + ". (NO_SUCH_COLUMN_IN_TABLE)"}
			}
			columns = append(columns, []string{name, types[name]})
		}
	}
	return emptyBlock(columns), nil
}

// emptyBlock is a bare block of columns (name, type) with no rows.
func emptyBlock(columns [][]string) []byte {
	b := append(binary.AppendUvarint(nil, uint64(len(columns))), 0)
	for _, c := range columns {
		for _, s := range c[:2] {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	return b
}

// run executes anything but an insert of rows and yields its result as bare blocks.
func (s *session) run(query string, params []chdb.Param, yield func([]byte) error) error {
	if !returnsRows.MatchString(leadingComments.ReplaceAllString(query, "")) { // the engine streams nothing else
		b, _, err := s.conn.Query(query, "Native", params...)
		if err != nil || len(b) == 0 {
			return err
		}
		return yield(b)
	}
	yielded := false
	err := s.conn.Stream(query, "Native", params, func(b []byte) error { yielded = true; return yield(b) })
	if err != nil || yielded {
		return err
	}
	columns, err := s.describe("("+strings.TrimRight(query, "; \n\t")+"\n)", params...) // nothing came, not even names
	if err != nil {
		return err
	}
	return yield(emptyBlock(columns))
}

// newSpool makes an anonymous file in memory for the rows of one insert: nothing is inserted before the client has sent all.
func newSpool() (*os.File, error) {
	fd, err := unix.MemfdCreate("insert", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "insert"), nil
}

// insertRows runs the insert on spooled blocks. FROM INFILE has all of INSERT's semantics, and unlike data behind the query's
// text it is not cut at the first blank line.
func (s *session) insertRows(in *insert, spool *os.File) (rows uint64, err error) {
	st, err := spool.Stat()
	if err != nil || st.Size() == 0 {
		return 0, err
	}
	_, rows, err = s.conn.Query(fmt.Sprintf("%s FROM INFILE '/proc/self/fd/%d' %s FORMAT Native", in.head, spool.Fd(), in.settings), "Null")
	return rows, err
}
