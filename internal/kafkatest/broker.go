package kafkatest

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Broker is a running Apache Kafka.
type Broker struct {
	Addr  string         // host:port of the plain listener
	Roots *x509.CertPool // trusts the certificate of the TLS listeners
	Dir   string         // where its data is; the topic t's partition 0 is in Dir/data/t-0

	opts      Options
	libs      string
	listeners map[string]string // name → host:port
	cmd       *exec.Cmd
	exited    chan struct{}
	logMu     sync.Mutex
	log       []string // the last lines
}

// Listener is the address of a listener by name: PLAINTEXT, SASL, TLS or SASLTLS.
func (b *Broker) Listener(name string) string { return b.listeners[name] }

// Launch fetches Kafka if need be, formats o.Dir if it is new, starts the broker and returns when it serves.
func Launch(o Options) (*Broker, error) {
	libs, err := Fetch()
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	b := &Broker{Dir: o.Dir, opts: o, libs: libs, listeners: map[string]string{}}
	if o.Addr != "" {
		b.listeners["PLAINTEXT"] = o.Addr
	}
	if err := b.prepare(); err != nil {
		return nil, fmt.Errorf("prepare the broker: %w", err)
	}
	if err := b.start(); err != nil {
		return nil, err
	}
	b.Addr = b.listeners["PLAINTEXT"]
	return b, nil
}

func (b *Broker) prepare() error {
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "log4j2.properties"), []byte(logging), 0o644); err != nil {
		return err
	}
	if b.opts.TLS {
		var err error
		if b.Roots, err = writeKeystore(filepath.Join(b.Dir, "broker.pem")); err != nil {
			return err
		}
	}
	if err := b.writeProperties(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.Dir, "data", "meta.properties")); err == nil {
		return nil // formatted before
	}
	if len(b.opts.Scram) > 0 || len(b.opts.Properties) > 0 {
		return b.format() // the users are in what is formatted
	}
	return b.copyTemplate()
}

func (b *Broker) writeProperties() error {
	return os.WriteFile(filepath.Join(b.Dir, "server.properties"), []byte(b.opts.properties(b.listeners)), 0o644)
}

func (b *Broker) java(heap string, args ...string) (*exec.Cmd, error) {
	path, err := java()
	if err != nil {
		return nil, err
	}
	return exec.Command(path, append([]string{heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dlog4j2.configurationFile=file:" + filepath.Join(b.Dir, "log4j2.properties"), "-cp", filepath.Join(b.libs, "*")}, args...)...), nil
}

func (b *Broker) format() error {
	args := []string{"kafka.tools.StorageTool", "format", "--standalone", "-t", clusterID, "-c", filepath.Join(b.Dir, "server.properties")}
	for _, u := range b.opts.Scram {
		for _, m := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", m, u.Name, u.Password))
		}
	}
	cmd, err := b.java("-Xmx256m", args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("format: %w\n%s", err, tail(out))
	}
	return nil
}

// copyTemplate copies a folder that was formatted once, which saves a second of JVM for each broker.
func (b *Broker) copyTemplate() error {
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	template := filepath.Join(cache, "kafka-"+Version+"-formatted")
	unlock, err := lock(template + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	data := filepath.Join(b.Dir, "data")
	if _, err := os.Stat(template); err == nil {
		return os.CopyFS(data, os.DirFS(template))
	}
	if err := b.format(); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cache, "kafka-format-")
	if err != nil {
		return err
	}
	if err := os.CopyFS(tmp, os.DirFS(data)); err != nil {
		return err
	}
	return os.Rename(tmp, template)
}

var (
	rePort = regexp.MustCompile(`Opened wildcard endpoint (\S+:\d+)`)
	reName = regexp.MustCompile(`Created data-plane acceptor and processors for endpoint : ListenerName\((\w+)\)`)
)

func (b *Broker) start() error {
	cmd, err := b.java("-Xmx512m", "kafka.Kafka", filepath.Join(b.Dir, "server.properties"))
	if err != nil {
		return err
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = pw, pw
	dieWithParent(cmd)
	started, exited := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the parent that dieWithParent means is this thread, so it waits here
		err := cmd.Start()
		pw.Close()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		pr.Close()
		return fmt.Errorf("start the broker: %w", err)
	}
	b.cmd, b.exited = cmd, exited
	ready, ended := make(chan struct{}), make(chan struct{})
	found := map[string]string{}
	go func() {
		defer close(ended)
		b.watch(pr, found, ready)
	}()
	limit := time.NewTimer(90 * time.Second)
	defer limit.Stop()
	select {
	case <-ready:
	case <-ended:
		<-exited
		return fmt.Errorf("the broker ended at its start:\n%s", b.Log())
	case <-limit.C:
		b.Kill9()
		return fmt.Errorf("the broker was not ready within 90 s:\n%s", b.Log())
	}
	for name, addr := range found {
		b.listeners[name] = addr
	}
	return b.writeProperties() // a restart keeps the ports
}

// watch reads the broker's output to its end: an unread pipe would block it. found is complete when ready closes.
func (b *Broker) watch(pr *os.File, found map[string]string, ready chan struct{}) {
	defer pr.Close()
	out, err := os.OpenFile(filepath.Join(b.Dir, "broker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		defer out.Close()
	}
	port, serving := "", false
	sc := bufio.NewScanner(pr)
	for sc.Buffer(nil, 1<<20); sc.Scan(); {
		line := sc.Text()
		if out != nil {
			fmt.Fprintln(out, line)
		}
		b.logMu.Lock()
		b.log = append(b.log[max(0, len(b.log)-40):], line)
		b.logMu.Unlock()
		if serving {
			continue
		}
		if m := rePort.FindStringSubmatch(line); m != nil {
			port = m[1] // the line with the port comes before the line with the listener's name
		} else if m := reName.FindStringSubmatch(line); m != nil && port != "" {
			found[m[1]], port = port, ""
		} else if strings.Contains(line, "Kafka Server started") {
			serving = true
			close(ready)
		}
	}
}

// Log is the end of what the broker printed.
func (b *Broker) Log() string {
	b.logMu.Lock()
	defer b.logMu.Unlock()
	return strings.Join(b.log, "\n")
}

// Kill9 kills the broker at once and returns when it is gone.
func (b *Broker) Kill9() {
	b.cmd.Process.Kill()
	<-b.exited
}

// Stop ends the broker in good order.
func (b *Broker) Stop() error {
	select {
	case <-b.exited:
		return nil
	default:
	}
	b.cmd.Process.Signal(syscall.SIGTERM)
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	select {
	case <-b.exited: // with status 143, which is a clean stop
		return nil
	case <-limit.C:
		b.Kill9()
		return errors.New("the broker did not stop within 20 s of SIGTERM and was killed")
	}
}

// Restart starts a broker that was stopped or killed again, on the same ports and data.
func (b *Broker) Restart() error { return b.start() }

// Pause stops the broker's process without ending it, so that it hangs; Continue lets it go on.
func (b *Broker) Pause() error    { return b.cmd.Process.Signal(syscall.SIGSTOP) }
func (b *Broker) Continue() error { return b.cmd.Process.Signal(syscall.SIGCONT) }
