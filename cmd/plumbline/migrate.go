package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"plumbline/internal/app"
	"plumbline/internal/config"
	"plumbline/store/clickhouse"
)

func (p *program) migrateCommand() *cobra.Command {
	var file string
	var dryRun bool
	c := &cobra.Command{
		Use: "migrate", Short: "creates or upgrades the ClickHouse schema", Args: takes(),
		Long: "Creates or upgrades the ClickHouse schema, on the server or, with store.clickhouse.cluster, on every replica of the cluster.\nRunning it again changes nothing. A SQLite store needs no migration: it upgrades itself.",
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := p.loadConfig(file)
			if err != nil {
				return err
			}
			if conf.Store.Kind != config.StoreClickHouse {
				fmt.Fprintln(c.OutOrStdout(), "the store is SQLite, which upgrades itself: nothing to do")
				return nil
			}
			ch, err := app.ClickHouseConfig(conf)
			if err != nil {
				return err
			}
			if dryRun {
				for _, s := range clickhouse.Statements(ch) {
					fmt.Fprintf(c.OutOrStdout(), "%s;\n\n", s)
				}
				return nil
			}
			if err := clickhouse.Migrate(c.Context(), ch, io.Discard); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "the schema is up to date")
			return nil
		},
	}
	configFlag(c, &file)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the statements instead of running them")
	return c
}
