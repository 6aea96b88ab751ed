package promtest

import "testing"

// Alertmanager is a running Alertmanager.
type Alertmanager struct{ *server }

// StartAlertmanager runs Alertmanager with a configuration, the text of alertmanager.yml, until the test ends. It joins no cluster.
func StartAlertmanager(t testing.TB, config string) *Alertmanager {
	t.Helper()
	addr := freeAddr(t)
	return &Alertmanager{serve(t, program(t, EnvAlertmanager, "prometheus-alertmanager", "alertmanager"), addr, "--config.file="+writeConfig(t, "alertmanager.yml", config),
		"--storage.path="+t.TempDir(), "--web.listen-address="+addr, "--cluster.listen-address=", "--log.level=warn")}
}
