package kafkatest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// clusterID is the same for all brokers of all tests: they never meet.
const clusterID = "4L6g3nShT-eMCtK--X86sw"

// User is somebody who may log in over SASL.
type User struct{ Name, Password string }

// Options say how a broker differs from a plain one.
type Options struct {
	Dir        string            // for its data, properties and log; it must not be another broker's
	Addr       string            // host:port of the plain listener; empty: a free port
	Plain      []User            // adds a listener SASL with PLAIN for them
	Scram      []User            // adds SCRAM-SHA-256 and SCRAM-SHA-512 for them to the listener SASL
	TLS        bool              // adds a listener TLS, and SASLTLS if there are users
	Properties map[string]string // added to server.properties
}

// Option changes Options in Start.
type Option func(*Options)

// Own asks for a broker that may be killed and its files changed, whatever PLUMBLINE_TEST_KAFKA names.
func Own() Option { return func(*Options) {} }

// WithSASL adds the listener SASL with these users for PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.
func WithSASL(users ...User) Option {
	return func(o *Options) { o.Plain, o.Scram = users, users }
}

// WithTLS adds the listener TLS, and SASLTLS if there are users. Broker.Roots trusts its certificate.
func WithTLS() Option { return func(o *Options) { o.TLS = true } }

// WithProperty sets a broker property.
func WithProperty(key, value string) Option {
	return func(o *Options) {
		if o.Properties == nil {
			o.Properties = map[string]string{}
		}
		o.Properties[key] = value
	}
}

// listeners are the broker's listeners and their protocols, in the order of the configuration.
func (o *Options) listeners() [][2]string {
	ls := [][2]string{{"PLAINTEXT", "PLAINTEXT"}}
	users := len(o.Plain)+len(o.Scram) > 0
	if users {
		ls = append(ls, [2]string{"SASL", "SASL_PLAINTEXT"})
	}
	if o.TLS {
		ls = append(ls, [2]string{"TLS", "SSL"})
	}
	if o.TLS && users {
		ls = append(ls, [2]string{"SASLTLS", "SASL_SSL"})
	}
	return append(ls, [2]string{"CONTROLLER", "PLAINTEXT"})
}

// properties is server.properties. addr holds the addresses of listeners that are known already; the others get free ports.
func (o *Options) properties(addr map[string]string) string {
	var listeners, protocols []string
	for _, l := range o.listeners() {
		at := addr[l[0]]
		if at == "" {
			at = "127.0.0.1:0"
		}
		listeners = append(listeners, l[0]+"://"+at)
		protocols = append(protocols, l[0]+":"+l[1])
	}
	p := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  "1",
		"listeners":                                strings.Join(listeners, ","), // advertised.listeners unset: port 0 would be advertised
		"listener.security.protocol.map":           strings.Join(protocols, ","),
		"controller.listener.names":                "CONTROLLER",
		"controller.quorum.bootstrap.servers":      "127.0.0.1:0",
		"inter.broker.listener.name":               "PLAINTEXT",
		"log.dirs":                                 filepath.Join(o.Dir, "data"),
		"auto.create.topics.enable":                "false",
		"offsets.topic.num.partitions":             "1",
		"offsets.topic.replication.factor":         "1",
		"transaction.state.log.num.partitions":     "1",
		"transaction.state.log.replication.factor": "1",
		"transaction.state.log.min.isr":            "1",
		"group.initial.rebalance.delay.ms":         "0",
		"group.min.session.timeout.ms":             "1000",
		"broker.session.timeout.ms":                "3000", // a restart after kill -9 waits so long for the old registration to lapse
		"broker.heartbeat.interval.ms":             "200",
		"log.retention.ms":                         "-1", // retention goes by record time: records of last year would vanish
		"log.message.timestamp.after.max.ms":       "9223372036854775807",
		"log.cleaner.dedupe.buffer.size":           "2097152",
	}
	if len(o.Plain)+len(o.Scram) > 0 {
		p["sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
		plain := "org.apache.kafka.common.security.plain.PlainLoginModule required"
		for _, u := range o.Plain {
			plain += fmt.Sprintf(" user_%s=%q", u.Name, u.Password)
		}
		for _, l := range []string{"sasl", "sasltls"} {
			p["listener.name."+l+".plain.sasl.jaas.config"] = plain + ";"
			for _, m := range []string{"scram-sha-256", "scram-sha-512"} {
				p["listener.name."+l+"."+m+".sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
			}
		}
	}
	if o.TLS {
		p["ssl.keystore.type"] = "PEM"
		p["ssl.keystore.location"] = filepath.Join(o.Dir, "broker.pem")
	}
	maps.Copy(p, o.Properties)
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", k, p[k])
	}
	return b.String()
}

// logging is quiet, but for the two loggers that tell the ports and when the broker is ready.
const logging = `status = error
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = OUT
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = INFO
logger.ports.name = kafka.network
logger.ports.level = INFO
`
