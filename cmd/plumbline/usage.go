package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"plumbline/internal/strictyaml"
)

// hinted is an error with what to do about it on a line of its own.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

func withHint(hint, format string, args ...any) error {
	return &hinted{fmt.Errorf(format, args...), hint}
}

func help(c *cobra.Command, _ []string) error { return c.Help() }

// seeHelp points to a command's own help.
func seeHelp(c *cobra.Command) string { return "see " + c.CommandPath() + " --help" }

// subcommand refuses words that are no command, and names the one that was meant.
func subcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, s := range c.Commands() {
		if s.IsAvailableCommand() {
			names = append(names, s.Name())
		}
	}
	hint := seeHelp(c)
	if name := strictyaml.Nearest(args[0], names); name != "" {
		hint = fmt.Sprintf("did you mean %s %s?", c.CommandPath(), name)
	}
	return withHint(hint, "unknown command %q for %q", args[0], c.CommandPath())
}

// takes demands one argument for each name, in this order, and no more.
func takes(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return withHint("usage: "+c.UseLine(), "%s is missing", strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return withHint(seeHelp(c), "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// flagError names the flag that was meant, or first the command: a flag of a command that does not exist is unknown too.
func flagError(c *cobra.Command, err error) error {
	if c.HasSubCommands() && c.Flags().NArg() > 0 {
		return subcommand(c, c.Flags().Args())
	}
	hint := seeHelp(c)
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := strings.ReplaceAll(unknown.GetSpecifiedName(), "-", "_")
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, strings.ReplaceAll(f.Name, "-", "_")) })
		if near := strictyaml.Nearest(name, names); near != "" {
			hint = "did you mean --" + strings.ReplaceAll(near, "_", "-") + "?"
		}
	}
	return &hinted{err, hint}
}

// count is a number and its noun: 1 error, 2 errors.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
