package pipeline

import (
	"context"
	"sort"
	"sync"
	"time"

	"plumbline"
)

// paneCache keeps decoded panes of a store that nothing changes any more, so that sliding windows over months of recorded data
// decode each pane once. It reads ahead in chunks and forgets the oldest chunk beyond its bound.
type paneCache struct {
	mu     sync.Mutex
	chunks map[chunkKey][]decodedPane
	order  []chunkKey
}

// maxChunks bounds the cache: at most so many chunks of at most 60 panes per partition.
const maxChunks = 4096

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
			if len(c.order) >= maxChunks {
				delete(c.chunks, c.order[0])
				c.order = c.order[1:]
			}
			c.chunks[k], c.order = chunk, append(c.order, k)
		}
		i := sort.Search(len(chunk), func(i int) bool { return !chunk[i].start.Before(w.From) })
		j := sort.Search(len(chunk), func(i int) bool { return !chunk[i].start.Before(w.To) })
		out = append(out, chunk[i:j]...)
	}
	return out, nil
}
