package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"plumbline/internal/secret"
	"plumbline/internal/strictyaml"
)

// Source is one place records come from: exactly one of Kafka, HTTP and File is set.
type Source struct {
	Name       string     `yaml:"name"`
	Kafka      *Kafka     `yaml:"kafka"`
	HTTP       *HTTP      `yaml:"http"`
	File       *File      `yaml:"file"`
	Format     string     `yaml:"format"`
	DeadLetter DeadLetter `yaml:"dead_letter"`
}

// SetDefaults implements strictyaml.Defaulter.
func (s *Source) SetDefaults() { s.Format = "auto" }

// DeadLetter says where refused messages are noted: at most one of File and Topic.
type DeadLetter struct {
	File    Path   `yaml:"file"`
	Topic   string `yaml:"topic"`
	Payload bool   `yaml:"payload"` // note the message itself too
}

// Kafka reads topics.
type Kafka struct {
	Brokers          []string `yaml:"brokers"`
	Topics           []string `yaml:"topics"`
	Group            string   `yaml:"group"`
	Start            string   `yaml:"start"`              // where a partition never seen before begins: earliest or latest
	OnOffsetMismatch string   `yaml:"on_offset_mismatch"` // what to do when the broker no longer has the next offset: fail, earliest or latest
	Isolation        string   `yaml:"isolation"`
	TLS              TLS      `yaml:"tls"`
	SASL             SASL     `yaml:"sasl"`
}

// SASL logs in to Kafka; off without a mechanism.
type SASL struct {
	Mechanism string     `yaml:"mechanism"`
	Username  string     `yaml:"username"`
	Password  secret.Ref `yaml:"password_file,alt=password"`
}

// SetDefaults implements strictyaml.Defaulter.
func (s *Kafka) SetDefaults() {
	*s = Kafka{Group: "plumbline", Start: "earliest", OnOffsetMismatch: "fail", Isolation: "read_committed"}
}

// HTTP takes POST /v1/records.
type HTTP struct {
	Listen      string          `yaml:"listen"`
	BearerToken secret.Ref      `yaml:"bearer_token_file,alt=bearer_token"`
	TLS         ServerTLS       `yaml:"tls"`
	Insecure    bool            `yaml:"insecure"`  // listen beyond loopback without a token
	MaxBody     strictyaml.Size `yaml:"max_body"`  // of a request as sent; four times as much after decompression
	MaxSpool    strictyaml.Size `yaml:"max_spool"` // accepted and not yet folded; beyond it requests get 429
}

// SetDefaults implements strictyaml.Defaulter.
func (s *HTTP) SetDefaults() {
	*s = HTTP{Listen: "127.0.0.1:9189", MaxBody: 16 << 20, MaxSpool: 256 << 20}
}

// File reads NDJSON files, gzipped or not.
type File struct {
	Paths  []string      `yaml:"paths"` // patterns, relative to the configuration; "-" is standard input
	Follow bool          `yaml:"follow"`
	Poll   time.Duration `yaml:"poll"` // how often a followed file is looked at
}

// SetDefaults implements strictyaml.Defaulter.
func (s *File) SetDefaults() { s.Poll = 500 * time.Millisecond }

var formats = []string{"auto", "native"}

func (c *Config) checkSources(k *check) {
	var names []*string
	listens := map[string]string{c.Web.Listen: "web"}
	for i := range c.Sources {
		s := &c.Sources[i]
		names = append(names, &s.Name)
		k.oneOf(&s.Format, "format", formats...)
		s.checkKinds(k)
		s.DeadLetter.check(k, s)
		if s.Kafka != nil {
			s.Kafka.check(k)
		}
		if s.HTTP != nil {
			s.HTTP.check(k)
			if other, taken := listens[s.HTTP.Listen]; taken && !strings.HasSuffix(s.HTTP.Listen, ":0") {
				k.fail(&s.HTTP.Listen, fmt.Sprintf("listen %s is taken by %s", s.HTTP.Listen, other), "every listener needs its own port")
			}
			listens[s.HTTP.Listen] = "source " + s.Name
		}
		if s.File != nil {
			c.checkFile(k, s.File)
		}
	}
	k.unique("source", names)
}

func (s *Source) checkKinds(k *check) {
	var kinds []string
	if s.Kafka != nil {
		kinds = append(kinds, "kafka")
	}
	if s.HTTP != nil {
		kinds = append(kinds, "http")
	}
	if s.File != nil {
		kinds = append(kinds, "file")
	}
	switch {
	case len(kinds) > 1:
		k.fail(s, fmt.Sprintf("the source %q is %s at once", s.Name, strings.Join(kinds, " and ")), "make it two sources")
	case len(kinds) == 0:
		for key, ptr := range map[string]any{"kafka": &s.Kafka, "file": &s.File} {
			if k.doc.Has(ptr) { // the key is there with nothing behind it
				k.fail(ptr, key+" needs its settings", "write them below it, indented")
				return
			}
		}
		if k.doc.Has(&s.HTTP) { // http needs none
			s.HTTP = &HTTP{}
			s.HTTP.SetDefaults()
			return
		}
		k.missing(s, fmt.Sprintf("the source %q has no kind", s.Name), "give it one of kafka, http and file")
	}
}

func (d *DeadLetter) check(k *check, s *Source) {
	switch {
	case d.File != "" && d.Topic != "":
		k.failKey(&d.Topic, "dead_letter goes to a file or to a topic, not to both", "keep one of them")
	case d.Topic != "" && s.Kafka == nil:
		k.failKey(&d.Topic, "dead_letter: topic needs a kafka source", "use file")
	case d.Topic != "" && s.Kafka != nil:
		for _, t := range s.Kafka.Topics {
			if t == d.Topic {
				k.fail(&d.Topic, fmt.Sprintf("dead letters would go to %s, which is read by the same source", t), "name another topic")
			}
		}
	}
}

func (s *Kafka) check(k *check) {
	if len(s.Brokers) == 0 {
		k.missing(&s.Brokers, "brokers is missing", "name at least one, like [127.0.0.1:9092]")
	}
	for i := range s.Brokers {
		k.address(&s.Brokers[i], "broker")
	}
	if len(s.Topics) == 0 {
		k.missing(&s.Topics, "topics is missing", "name at least one")
	}
	var topics []*string
	for i := range s.Topics {
		topics = append(topics, &s.Topics[i])
	}
	k.unique("topic", topics)
	k.required(&s.Group, "group")
	k.oneOf(&s.Start, "start", "earliest", "latest")
	k.oneOf(&s.OnOffsetMismatch, "on_offset_mismatch", "fail", "earliest", "latest")
	k.oneOf(&s.Isolation, "isolation", "read_committed", "read_uncommitted")
	s.TLS.check(k)
	a := &s.SASL
	if a.Mechanism == "" {
		if a.Username != "" || !a.Password.IsZero() {
			k.fail(&a.Mechanism, "sasl needs a mechanism", "one of plain, scram-sha-256, scram-sha-512")
		}
		return
	}
	k.oneOf(&a.Mechanism, "mechanism", "plain", "scram-sha-256", "scram-sha-512")
	k.required(&a.Username, "username")
	if a.Password.IsZero() {
		k.missing(&a.Password, "password_file is missing", "put the password in a file and name it")
	}
	k.secret(&a.Password, "password_file")
	if a.Mechanism == "plain" && !s.TLS.On() {
		k.warn(&a.Mechanism, "plain sends the password in clear without tls", "add tls, or use scram-sha-512")
	}
}

func (s *HTTP) check(k *check) {
	if k.address(&s.Listen, "listen") && !loopback(s.Listen) && s.BearerToken.IsZero() && s.TLS.ClientCAFile == "" && !s.Insecure {
		k.fail(&s.Listen, "listen "+s.Listen+" can be reached from other machines, and anybody could send records",
			"give bearer_token_file, listen on 127.0.0.1, or say insecure: true")
	}
	k.secret(&s.BearerToken, "bearer_token_file")
	s.TLS.check(k)
	k.sizeAtLeast(&s.MaxBody, "max_body", 1<<10)
	k.sizeAtLeast(&s.MaxSpool, "max_spool", 1<<20)
}

func (c *Config) checkFile(k *check, s *File) {
	if len(s.Paths) == 0 {
		k.missing(&s.Paths, "paths is missing", "name files or patterns, like [logs/*.ndjson.gz]")
	}
	k.between(&s.Poll, "poll", 10*time.Millisecond, time.Hour)
	for i := range s.Paths {
		p := &s.Paths[i]
		if *p == "-" {
			continue
		}
		found, err := filepath.Glob(*p)
		switch {
		case err != nil:
			k.fail(p, fmt.Sprintf("%q is not a pattern for file names", *p), "a [ needs its ]; * stands for any text without /")
		case len(found) > 0 || s.Follow || k.doc.Broken(&s.Follow):
		case !strings.ContainsAny(*p, "*?["):
			k.fail(p, fmt.Sprintf("the file %s does not exist", *p), "relative paths are relative to the folder of "+filepath.Base(c.File))
		default:
			k.warn(p, fmt.Sprintf("%s matches no file", *p), "relative patterns are relative to the folder of "+filepath.Base(c.File))
		}
	}
}
