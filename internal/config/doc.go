// Package config owns what people write: plumbline.yaml and the models' manifests. It knows every key, its default and its
// bounds, and reports all mistakes at once with file, line and column. It looks at files but never at the network, and it
// never makes the parts it configures: internal/app turns these structs into each package's own configuration.
//
// One file per part: config.go (the document), web.go, sources.go, store.go, receivers.go, limits.go and model.go (manifests).
// check.go holds what the parts' checks share.
package config
