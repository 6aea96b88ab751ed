package clickhouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrSchema is the error of a database that Migrate has to be run on first.
var ErrSchema = errors.New("run plumbline migrate")

// Codes of a server's exceptions, from its ErrorCodes.cpp.
const (
	codeUnknownTable    = 60
	codeUnknownDatabase = 81
)

// failed says what was being done. The context's own error comes first, since the driver hides it behind a broken connection.
func failed(ctx context.Context, doing string, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
		return fmt.Errorf("clickhouse: %s: %w (%w)", doing, ctxErr, err)
	}
	return fmt.Errorf("clickhouse: %s: %w", doing, err)
}

func hasCode(err error, codes ...int32) bool {
	var e *clickhouse.Exception
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}
