package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrSchema is the error of a database that Migrate has to be run on first.
var ErrSchema = errors.New("run plumbline migrate")

// Codes of a server's exceptions, from its ErrorCodes.cpp.
const (
	codeUnknownTable    = 60
	codeUnknownDatabase = 81
)

// temporary are the codes of exceptions that pass without anybody doing anything, or that the operator of the server is to
// cure: trying again is right. Everything else (no such table, access denied, a value of the wrong type) stays as it is.
var temporary = map[int32]bool{
	159: true, // TIMEOUT_EXCEEDED
	164: true, // READONLY: a replica during a failover
	202: true, // TOO_MANY_SIMULTANEOUS_QUERIES
	203: true, // NO_FREE_CONNECTION
	209: true, // SOCKET_TIMEOUT
	210: true, // NETWORK_ERROR
	225: true, // NO_ZOOKEEPER
	236: true, // ABORTED
	241: true, // MEMORY_LIMIT_EXCEEDED
	242: true, // TABLE_IS_READ_ONLY
	243: true, // NOT_ENOUGH_SPACE
	252: true, // TOO_MANY_PARTS
	253: true, // REPLICA_ALREADY_EXISTS
	265: true, // CANNOT_GET_REPLICATED_DATABASE_SNAPSHOT
	279: true, // ALL_CONNECTION_TRIES_FAILED
	285: true, // TOO_FEW_LIVE_REPLICAS
	286: true, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
	289: true, // REPLICA_IS_NOT_IN_QUORUM
	319: true, // UNKNOWN_STATUS_OF_INSERT
	394: true, // QUERY_WAS_CANCELLED
	425: true, // SYSTEM_ERROR
	439: true, // CANNOT_SCHEDULE_TASK
	473: true, // DEADLOCK_AVOIDED
	499: true, // S3_ERROR
	999: true, // KEEPER_EXCEPTION
}

// Temporary reports whether doing the same again later may succeed: the network, a restart, an overload, a replica that lags.
// A canceled context is not temporary: its owner wants to stop.
func Temporary(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var e *clickhouse.Exception
	if errors.As(err, &e) {
		return temporary[e.Code]
	}
	var netErr net.Error
	return errors.As(err, &netErr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, clickhouse.ErrAcquireConnTimeout)
}

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
