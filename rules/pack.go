package rules

import (
	_ "embed"

	"plumbline"
)

//go:embed pack.yaml
var packYAML []byte

// Pack compiles the rules that come with plumbline and work for any model without being written for it.
func Pack(c Catalogue) ([]Group, plumbline.Problems) {
	return Parse("rules/pack.yaml", packYAML, c)
}
