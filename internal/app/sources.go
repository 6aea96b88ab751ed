package app

import (
	"context"
	"fmt"
	"path/filepath"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/collectors/file"
	"plumbline/collectors/http"
	"plumbline/collectors/kafka"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
)

// sources builds every configured source and what is done with what it can't use.
func (a *App) sources(c *config.Config) ([]collectors.Source, map[string]pipeline.SourceOptions, error) {
	var list []collectors.Source
	options := map[string]pipeline.SourceOptions{}
	for _, s := range c.Sources {
		src, err := a.source(c, s)
		if err != nil {
			return nil, nil, err // it names the source
		}
		list = append(list, src)
		if closer, ok := src.(interface{ Close() }); ok { // what a source holds that is never run, if a later step fails
			a.closing.add("close source "+s.Name, func(context.Context) error { closer.Close(); return nil })
		}
		letters, err := a.deadLetters(s)
		if err != nil {
			return nil, nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		options[s.Name] = pipeline.SourceOptions{DeadLetters: letters, Payload: s.DeadLetter.Payload}
	}
	return list, options, nil
}

func (a *App) source(c *config.Config, s config.Source) (collectors.Source, error) {
	most := int(c.Limits.MaxRecordBytes)
	switch {
	case s.Kafka != nil:
		k, err := kafkaConfig(s.Kafka)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		k.MaxMessage = most
		return kafka.New(s.Name, k, a.log, kafka.Metrics{
			Lag:     a.metrics.kafkaLag,
			Skipped: func(kind string, n int64) { a.metrics.skipped.WithLabelValues(kind).Add(float64(n)) },
			Quarantined: func(topic string, partition int32, on bool) {
				a.metrics.quarantine(topic, partition, on)
			},
		})
	case s.HTTP != nil:
		h := http.Config{
			Listen: s.HTTP.Listen, Dir: filepath.Join(string(c.DataDir), "spool", s.Name), MaxBody: int64(s.HTTP.MaxBody), MaxSpool: int64(s.HTTP.MaxSpool), MaxMessage: most,
			Validate: validator(limits(c)),
			Rejected: func(r plumbline.Reason) { a.metrics.Rejected(s.Name, r, 1) },
		}
		if !s.HTTP.BearerToken.IsZero() {
			h.Token = s.HTTP.BearerToken.Get
		}
		if s.HTTP.TLS.On() {
			t, err := serverTLS(s.HTTP.TLS)
			if err != nil {
				return nil, fmt.Errorf("source %s: %w", s.Name, err)
			}
			h.TLS = t
		}
		return http.New(s.Name, h, a.log)
	default:
		f := file.Config{Paths: s.File.Paths, Root: filepath.Dir(c.File), Follow: s.File.Follow, Poll: s.File.Poll, MaxMessage: most}
		if a.options.Progress != nil {
			f.Progress = a.options.Progress.File
		}
		return file.New(s.Name, f, a.log)
	}
}

func kafkaConfig(s *config.Kafka) (kafka.Config, error) {
	k := kafka.Config{Brokers: s.Brokers, Topics: s.Topics, Group: s.Group, Start: kafka.Start(s.Start), OnOffsetMismatch: kafka.OnMismatch(s.OnOffsetMismatch), Isolation: kafka.Isolation(s.Isolation)}
	if s.TLS.On() {
		t, err := clientTLS(s.TLS)
		if err != nil {
			return k, err
		}
		k.TLS = t
	}
	if s.SASL.Mechanism != "" {
		k.SASL = &kafka.SASL{Mechanism: kafka.Mechanism(s.SASL.Mechanism), Username: s.SASL.Username, Password: s.SASL.Password.Get}
	}
	return k, nil
}

func (a *App) deadLetters(s config.Source) (pipeline.DeadLetters, error) {
	switch {
	case s.DeadLetter.File != "":
		f, err := pipeline.OpenDeadLetterFile(string(s.DeadLetter.File))
		if err != nil {
			return nil, err
		}
		a.closing.add("close the dead letters of "+s.Name, func(context.Context) error { return f.Close() })
		return f, nil
	case s.DeadLetter.Topic != "":
		k, err := kafkaConfig(s.Kafka)
		if err != nil {
			return nil, err
		}
		p, err := kafka.NewProducer(k, s.DeadLetter.Topic)
		if err != nil {
			return nil, err
		}
		a.closing.add("close the dead letters of "+s.Name, func(context.Context) error { return p.Close() })
		return p, nil
	}
	return nil, nil
}

func limits(c *config.Config) decode.Limits {
	l := c.Limits
	return decode.Limits{MaxBytes: int(l.MaxRecordBytes), MaxDepth: l.MaxDepth, MaxKeys: l.MaxKeys, MaxString: int(l.MaxStringBytes), MaxNumber: int(l.MaxNumberBytes)}
}
