package pipeline

import (
	"context"
	"sort"
	"sync"
	"time"

	"plumbline"
)

// paneCache keeps decoded panes of a store that nothing changes any more, so that sliding windows over months of recorded data
// decode each pane once. It reads ahead in chunks and forgets the oldest ones beyond its bound.
type paneCache struct {
	mu     sync.Mutex
	chunks map[chunkKey][]decodedPane
	order  []chunkKey
	held   int // panes in all chunks
}

// maxHeld bounds the cache, in panes: two weeks of minutes. A pane is some ten to twenty kilobytes.
const maxHeld = 20_000

type chunkKey struct {
	stream plumbline.Stream
	width  time.Duration
	start  int64
}

func newPaneCache() *paneCache { return &paneCache{chunks: map[chunkKey][]decodedPane{}} }

// span is how much time a chunk covers: an hour of the finest panes, a day of hours, a month or so of days.
func span(width time.Duration) time.Duration {
	switch {
	case width < Hour:
		return Hour
	case width < Day:
		return Day
	}
	return 32 * Day
}

func (c *paneCache) panes(ctx context.Context, ws *Windows, s plumbline.Stream, width time.Duration, w plumbline.Window) ([]decodedPane, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	step := span(width)
	var out []decodedPane
	for start := alignDown(w.From, step); start.Before(w.To); start = start.Add(step) {
		k := chunkKey{s, width, start.Unix()}
		chunk, ok := c.chunks[k]
		if !ok {
			var err error
			if chunk, err = ws.load(ctx, s, width, plumbline.Window{From: start, To: start.Add(step)}); err != nil {
				return nil, err
			}
			c.chunks[k], c.order, c.held = chunk, append(c.order, k), c.held+len(chunk)
			for max(c.held, len(c.order)) > maxHeld && len(c.order) > 1 {
				c.held -= len(c.chunks[c.order[0]])
				delete(c.chunks, c.order[0])
				c.order = c.order[1:]
			}
		}
		i := sort.Search(len(chunk), func(i int) bool { return !chunk[i].start.Before(w.From) })
		j := sort.Search(len(chunk), func(i int) bool { return !chunk[i].start.Before(w.To) })
		out = append(out, chunk[i:j]...)
	}
	return out, nil
}
