package config

import (
	"plumbline/internal/secret"
)

// Web is the listener of pages, read API, metrics and health.
type Web struct {
	Listen        string `yaml:"listen"`
	ExternalURL   string `yaml:"external_url"` // where people reach it, for links in messages; http://LISTEN if empty
	WebConfigFile Path   `yaml:"web_config_file"`
	Insecure      bool   `yaml:"insecure"` // listen beyond loopback without web_config_file
}

func (w *Web) check(k *check) {
	if k.address(&w.Listen, "listen") && !loopback(w.Listen) && w.WebConfigFile == "" && !w.Insecure {
		k.fail(&w.Listen, "listen "+w.Listen+" can be reached from other machines, without TLS or a password",
			"give web_config_file (TLS, basic auth), listen on 127.0.0.1, or say insecure: true")
	}
	k.url(&w.ExternalURL, "external_url")
	k.file(&w.WebConfigFile, string(w.WebConfigFile), "web_config_file")
}

// TLS of a client. It is on if any of its keys is given.
type TLS struct {
	Enabled            bool       `yaml:"enabled"` // on without any other key: the system's certificate authorities
	CAFile             Path       `yaml:"ca_file"`
	CertFile           Path       `yaml:"cert_file"`
	KeyFile            secret.Ref `yaml:"key_file"`
	ServerName         string     `yaml:"server_name"`
	InsecureSkipVerify bool       `yaml:"insecure_skip_verify"`
}

// On reports whether TLS is to be used.
func (t TLS) On() bool { return t != TLS{} }

func (t *TLS) check(k *check) {
	k.file(&t.CAFile, string(t.CAFile), "ca_file")
	k.file(&t.CertFile, string(t.CertFile), "cert_file")
	k.secret(&t.KeyFile, "key_file")
	if (t.CertFile == "") != t.KeyFile.IsZero() {
		if t.CertFile == "" {
			k.failKey(&t.KeyFile, "key_file needs cert_file", "give both, or neither")
		} else {
			k.failKey(&t.CertFile, "cert_file needs key_file", "give both, or neither")
		}
	}
	if t.InsecureSkipVerify {
		k.warn(&t.InsecureSkipVerify, "the server's certificate is not checked: anybody in between can read and change everything", "give ca_file instead")
	}
}

// ServerTLS is TLS of a listener.
type ServerTLS struct {
	CertFile     Path       `yaml:"cert_file"`
	KeyFile      secret.Ref `yaml:"key_file"`
	ClientCAFile Path       `yaml:"client_ca_file"` // clients must show a certificate signed by one of these
}

// On reports whether TLS is to be used.
func (t ServerTLS) On() bool { return t != ServerTLS{} }

func (t *ServerTLS) check(k *check) {
	if !t.On() {
		return
	}
	k.file(&t.CertFile, string(t.CertFile), "cert_file")
	k.secret(&t.KeyFile, "key_file")
	k.file(&t.ClientCAFile, string(t.ClientCAFile), "client_ca_file")
	if t.CertFile == "" || t.KeyFile.IsZero() {
		k.fail(t, "tls of a listener needs cert_file and key_file", "client_ca_file alone does not make a listener safe")
	}
}
