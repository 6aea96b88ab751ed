// Package webhook delivers by HTTP POST: training triggers as CloudEvents signed by the Standard Webhooks scheme, and
// notifications in the form of Alertmanager's webhook. It owns the request, its signature and what an answer means; it never
// follows a redirect, never repeats an answer's body, and never puts a URL or a secret into an error.
package webhook
