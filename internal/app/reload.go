package app

import (
	"context"
	"errors"
	"reflect"

	"plumbline/internal/config"
	"plumbline/rules"
)

// Reload reads the configuration anew and takes over models, rules, routes, receivers and triggers. Everything that can fail is
// done first; on an error nothing has changed. Sources, store and listeners keep what they were started with.
func (a *App) Reload(ctx context.Context) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	err := a.takeOver(ctx)
	a.metrics.configured(a.options.Now(), err)
	return err
}

func (a *App) takeOver(ctx context.Context) error {
	old := a.config.Load()
	if old.File == "" {
		return errors.New("there is no configuration file to read again")
	}
	c, problems := config.Load(old.File)
	if problems.Errors() {
		return problems
	}
	groups, problems := LoadRules(c)
	if problems = append(problems, CheckTriggers(c)...); problems.Errors() {
		return problems
	}
	if a.evaluator == nil {
		a.registry.Declare(c.Models)
	} else if err := a.judgeBy(ctx, c, groups); err != nil {
		return err
	}
	for _, key := range needRestart(old, c) {
		a.log.Warn("this part of the configuration changed and takes effect at the next start", "key", key)
	}
	a.config.Store(c)
	a.log.Info("configuration reloaded", "file", c.File)
	return nil
}

// judgeBy gives the evaluator and the dispatcher another configuration.
func (a *App) judgeBy(ctx context.Context, c *config.Config, groups []rules.Group) error {
	eo, do, err := a.effects(c)
	if err != nil {
		return err
	}
	a.registry.Declare(c.Models)
	if err := a.evaluator.Reload(ctx, groups, eo); err != nil {
		return err
	}
	a.dispatcher.Reload(do)
	a.metrics.keepGroups(names(groups))
	return nil
}

func names(groups []rules.Group) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = g.Name
	}
	return out
}

// needRestart names the changed parts that a running daemon keeps as they were.
func needRestart(old, now *config.Config) (keys []string) {
	for _, part := range []struct {
		key      string
		old, now any
	}{
		{"data_dir", old.DataDir, now.DataDir}, {"web", old.Web, now.Web}, {"store", old.Store, now.Store}, {"sources", old.Sources, now.Sources}, {"limits", old.Limits, now.Limits},
		{"evaluation.clock", old.Evaluation.Clock, now.Evaluation.Clock}, {"auto_register", old.AutoRegister, now.AutoRegister}, {"auto_baseline", old.AutoBaseline, now.AutoBaseline},
	} {
		if !reflect.DeepEqual(part.old, part.now) {
			keys = append(keys, part.key)
		}
	}
	return keys
}
