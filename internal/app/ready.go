package app

import (
	"fmt"
	"net/http"
	"sort"
	"strings"

	"plumbline/collectors"
)

// What an absent source is doing.
const (
	sourceStarting = "is starting"
	sourceFailed   = "failed and is waiting to be started again, the log says why"
)

// serveReady answers 200 while the daemon works and every source reads or has nothing to read.
func (a *App) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !a.ready.Load() {
		http.Error(w, "plumbline is not ready: starting or stopping.", http.StatusServiceUnavailable)
		return
	}
	if missing := a.missing(); len(missing) > 0 {
		http.Error(w, "plumbline is not ready: "+strings.Join(missing, "; ")+".", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "plumbline is ready.")
}

// missing says of each source that does not read what it does instead. One that starts and has nothing to read, like a member of a
// group with more members than partitions, is there.
func (a *App) missing() []string {
	byName := map[string]collectors.Source{}
	for _, s := range a.list {
		byName[s.Name()] = s
	}
	var list []string
	a.absent.Range(func(name, doing any) bool {
		if doing == sourceStarting && byName[name.(string)].Idle() {
			return true
		}
		list = append(list, fmt.Sprintf("source %s %s", name, doing))
		return true
	})
	sort.Strings(list)
	return list
}
