package config

import "plumbline/internal/strictyaml"

// Limits are hard caps. What a cap cuts off is counted with a reason, never dropped in silence.
type Limits struct {
	MaxRecordBytes strictyaml.Size `yaml:"max_record_bytes"`
	MaxDepth       int             `yaml:"max_depth"`        // nested objects and arrays of a record
	MaxKeys        int             `yaml:"max_keys"`         // members of all objects of a record
	MaxStringBytes strictyaml.Size `yaml:"max_string_bytes"` // of one text in a record
	MaxNumberBytes strictyaml.Size `yaml:"max_number_bytes"` // of one numeric literal in a record
	MaxModels      int             `yaml:"max_models"`
	MaxSlices      int             `yaml:"max_slices"`     // per model and partition
	MaxOpenPanes   int             `yaml:"max_open_panes"` // in memory, per stream and width
}

func defaultLimits() Limits {
	return Limits{
		MaxRecordBytes: 1 << 20, MaxDepth: 16, MaxKeys: 2000, MaxStringBytes: 4 << 10, MaxNumberBytes: 64,
		MaxModels: 1000, MaxSlices: 1000, MaxOpenPanes: 64,
	}
}

func (l *Limits) check(k *check) {
	k.sizeAtLeast(&l.MaxRecordBytes, "max_record_bytes", 256)
	if l.MaxRecordBytes > 64<<20 {
		k.fail(&l.MaxRecordBytes, "max_record_bytes is "+l.MaxRecordBytes.String(), "it may be up to 64MiB")
	}
	k.atLeast(&l.MaxDepth, "max_depth", 2)
	k.atLeast(&l.MaxKeys, "max_keys", 2)
	k.sizeAtLeast(&l.MaxStringBytes, "max_string_bytes", 16)
	k.sizeAtLeast(&l.MaxNumberBytes, "max_number_bytes", 16)
	for _, f := range []struct {
		ptr  *int
		name string
	}{
		{&l.MaxModels, "max_models"}, {&l.MaxSlices, "max_slices"}, {&l.MaxOpenPanes, "max_open_panes"},
	} {
		k.atLeast(f.ptr, f.name, 1)
	}
}
