// Package strictyaml decodes YAML that people wrote into Go structs and collects every mistake with its file, line and column
// instead of stopping at the first. It owns syntax, keys and types; what the values mean is the caller's business, who asks
// for positions with At and reports with Problem. It does no I/O: the environment is a function it is given.
//
// A struct's fields are named by the tag `yaml:"name"`; `yaml:",inline"` lifts a nested struct's keys into its parent;
// `yaml:"name,alt=other"` accepts a second spelling of the same field (Decoder.Key tells a hook which one was used);
// `yaml:"-"` and fields without a tag are left alone. A key with nothing behind it is the same as no key: the default stays.
package strictyaml
