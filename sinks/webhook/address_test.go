package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"testing"

	"plumbline/sinks"
)

func TestGuard(t *testing.T) {
	for address, want := range map[string][2]bool{ // without and with AllowPrivate
		"169.254.169.254:80": {}, "[fe80::1%eth0]:80": {}, "0.0.0.0:80": {}, "[::]:80": {}, "224.0.0.1:80": {}, "[ff02::1]:80": {}, "255.255.255.255:80": {},
		"[::ffff:169.254.169.254]:80": {}, "[::ffff:0.0.0.0]:80": {}, "not an address": {},
		"127.0.0.1:80": {false, true}, "[::1]:80": {false, true}, "10.1.2.3:80": {false, true}, "192.168.0.1:80": {false, true}, "172.16.0.1:80": {false, true},
		"[fd00:ec2::254]:80": {false, true}, "100.100.100.200:80": {false, true}, "[::ffff:127.0.0.1]:80": {false, true},
		"93.184.215.14:443": {true, true}, "[2606:2800:21f:cb07::1]:443": {true, true},
	} {
		for i, allow := range []bool{false, true} {
			if err := guard(allow)("tcp", address, nil); (err == nil) != want[i] {
				t.Errorf("%s, private addresses allowed %t: %v", address, allow, err)
			}
		}
	}
}

// A name may resolve to a private address only where that is allowed; an address is taken at its word, unless nobody may dial it.
func TestDial(t *testing.T) {
	s, all := listen(t, httptest.NewServer)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, c := range []struct {
		host  string
		allow bool
		want  string
	}{
		{"127.0.0.1", false, ""}, {"localhost", false, ""},
		{"0.0.0.0", true, "never dialled"}, {"169.254.169.254", true, "never dialled"}, {"224.0.0.1", true, "never dialled"}, {"[::]", true, "never dialled"},
	} {
		err := pull(t, t.Context(), Config{URL: "http://" + c.host + port, AllowPrivate: c.allow}, "")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.host, err, c.want)
		}
	}
	if len(*all) != 2 {
		t.Errorf("%d requests arrived", len(*all))
	}
	for _, url := range []string{"", "127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://%zz", "/hook"} {
		if err := (Config{URL: url}).Validate(); err == nil {
			t.Errorf("%q is taken for a URL", url)
		}
	}
}

func TestTLS(t *testing.T) {
	s, all := listen(t, httptest.NewTLSServer)
	if err := pull(t, t.Context(), Config{URL: s.URL}, ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate nobody vouches for: %v", err)
	}
	authorities := x509.NewCertPool()
	authorities.AddCert(s.Certificate())
	if err := pull(t, t.Context(), Config{URL: s.URL, TLS: &tls.Config{RootCAs: authorities}}, ""); err != nil {
		t.Error(err)
	}
	if len(*all) != 1 {
		t.Errorf("%d requests arrived, want 1", len(*all))
	}
}

func TestBearerWithLineBreak(t *testing.T) {
	err := pull(t, t.Context(), Config{URL: "http://127.0.0.1:1", Bearer: func() (string, error) { return "t0ken\r\nX: y", nil }}, "")
	if !sinks.IsPermanent(err) || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("error %v", err)
	}
}
