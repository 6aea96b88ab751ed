package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"plumbline"
)

// bulkRows is how many rows one statement inserts where there are many: beyond about so many it gets no faster.
const bulkRows = 16

// bulk inserts rows into a table, many with one statement. Rows whose key is there already are left out.
type bulk struct {
	one, many *sql.Stmt
	args      []any
}

// insertion is the text of a statement that inserts rows into a table.
func insertion(table string, columns, rows int) string {
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	return fmt.Sprintf("INSERT INTO %s VALUES %s ON CONFLICT DO NOTHING", table, row+strings.Repeat(", "+row, rows-1))
}

// add takes one row and inserts what waits once there is enough.
func (b *bulk) add(ctx context.Context, row ...any) error {
	b.args = append(b.args, row...)
	if len(b.args) < bulkRows*len(row) {
		return nil
	}
	_, err := b.many.ExecContext(ctx, b.args...)
	b.forget()
	return err
}

// flush inserts what waits, rows of so many columns.
func (b *bulk) flush(ctx context.Context, columns int) error {
	defer b.forget()
	for rest := b.args; len(rest) > 0; rest = rest[columns:] {
		if _, err := b.one.ExecContext(ctx, rest[:columns]...); err != nil {
			return err
		}
	}
	return nil
}

// forget drops what waits.
func (b *bulk) forget() {
	clear(b.args)
	b.args = b.args[:0]
}

// placer finds the places of rows, which mostly are that of the row before.
type placer struct {
	write          *writer
	part           plumbline.Partition
	model, version string
	at             place // version 0: of no row yet
}

func (p *placer) place(ctx context.Context, part plumbline.Partition, model, version string) (place, error) {
	if p.at.version != 0 && part == p.part && model == p.model && version == p.version {
		return p.at, nil
	}
	v, err := p.write.version(ctx, model, version)
	if err != nil {
		return place{}, err
	}
	id, err := p.write.partition(ctx, part)
	if err != nil {
		return place{}, err
	}
	p.part, p.model, p.version, p.at = part, model, version, place{v, id}
	return p.at, nil
}
