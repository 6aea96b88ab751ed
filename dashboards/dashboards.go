// Package dashboards carries what shows and watches plumbline from outside: Grafana dashboards with Prometheus as their source, and
// Prometheus rules about plumbline's own health. It owns these files and nothing that runs.
//
// plumbline-overview.json asks whether plumbline itself is well; plumbline-model.json asks what moved in one model. Both are
// Classic JSON for Grafana 11 and later, without inputs: provisioning a folder or pasting a file is enough. prometheus-rules.yaml
// goes into rule_files of Prometheus as it is; its unit tests stand beside it.
package dashboards

import "embed"

// Files are the dashboards, *.json, and prometheus-rules.yaml.
//
//go:embed *.json prometheus-rules.yaml
var Files embed.FS
