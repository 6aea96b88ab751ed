package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Expire implements store.Store. A month that is past as a whole is dropped, which costs nothing; of the month the limit falls
// into, rows are deleted. Duplicates that no merge has removed yet are counted too.
func (s *Store) Expire(ctx context.Context, panesBefore, samplesBefore time.Time) (int64, error) {
	var total int64
	for _, t := range tables {
		if t.time == "" {
			continue
		}
		before := panesBefore
		if t.sample {
			before = samplesBefore
		}
		n, err := s.expire(ctx, t, before)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// expire removes a table's rows of before that instant, month by month.
func (s *Store) expire(ctx context.Context, t table, before time.Time) (total int64, err error) {
	before = ceil(before, time.Microsecond)
	condition := fmt.Sprintf("%s < fromUnixTimestamp64Micro(%d, 'UTC')", t.time, before.UnixMicro())
	type month struct {
		id   uint32 // 202603 is March 2026
		rows uint64
	}
	var months []month
	doing := "expire " + t.name
	query := fmt.Sprintf("SELECT toYYYYMM(%s) AS month, count() FROM %s WHERE %s GROUP BY month ORDER BY month", t.time, t.in(s.cfg), condition)
	err = s.query(ctx, doing, query, nil, func(rows driver.Rows) error {
		var m month
		err := rows.Scan(&m.id, &m.rows)
		months = append(months, m)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, m := range months {
		end := time.Date(int(m.id/100), time.Month(m.id%100)+1, 1, 0, 0, 0, 0, time.UTC)
		statement := fmt.Sprintf("DELETE FROM %s%s IN PARTITION %d WHERE %s", t.local(s.cfg), onCluster(s.cfg), m.id, condition)
		if !end.After(before) {
			statement = fmt.Sprintf("ALTER TABLE %s%s DROP PARTITION %d", t.local(s.cfg), onCluster(s.cfg), m.id)
		}
		if err := s.conn.Exec(ctx, statement); err != nil {
			return total, failed(ctx, doing, err)
		}
		total += int64(m.rows)
	}
	return total, nil
}
