// Command plumbline watches machine-learning models in production. This folder is flags and output, one file for each subcommand;
// what they do is in the packages below.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// Exit statuses, as promtool has them.
const (
	exitError    = 1
	exitFound    = 2
	exitWarnings = 3
)

// status is an error that only says how to exit: what there was to say has been said.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it maps signals to contexts and errors to exit statuses.
func run(args []string, in io.Reader, out, errs io.Writer) int {
	soft, hard, reload, stop := signals(errs)
	defer stop()
	root := newRoot(&program{hard: hard, reload: reload, errs: errs})
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(soft)
	var s status
	switch {
	case err == nil:
		return 0
	case errors.As(err, &s):
		return int(s)
	case errors.Is(err, context.Canceled) && soft.Err() != nil:
		return 0 // asked to stop, and stopped
	}
	fmt.Fprintf(errs, "plumbline: error: %v\n", err)
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintf(errs, "  hint: %s\n", h.hint)
	}
	return exitError
}

// program is what commands share.
type program struct {
	hard   context.Context // ends at the second signal: give up
	reload <-chan os.Signal
	errs   io.Writer
	level  string
	format string
}

// hardPatience is how long the second signal leaves for an orderly end.
const hardPatience = time.Second

// signals turns the first SIGINT or SIGTERM into the end of soft (finish and stop), the second into the end of hard and, soon after,
// of the process.
func signals(errs io.Writer) (soft, hard context.Context, reload <-chan os.Signal, stop func()) {
	soft, endSoft := context.WithCancel(context.Background())
	hard, endHard := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 2)
	hup := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	signal.Notify(hup, syscall.SIGHUP)
	done := make(chan struct{})
	go func() { // ends with stop
		for _, end := range []context.CancelFunc{endSoft, endHard} {
			select {
			case <-asked:
				end()
			case <-done:
				return
			}
		}
		select { // a store that hangs keeps nobody here
		case <-time.After(hardPatience):
			fmt.Fprintln(errs, "plumbline: stopped at once; what was not durable is read again at the next start")
			os.Exit(exitError)
		case <-done:
		}
	}()
	return soft, hard, hup, func() {
		signal.Stop(asked)
		signal.Stop(hup)
		close(done)
		endSoft()
		endHard()
	}
}

func newRoot(p *program) *cobra.Command {
	root := &cobra.Command{
		Use: "plumbline", DisableFlagsInUseLine: true, Args: subcommand, RunE: help,
		Short: "watches machine-learning models in production",
		Long: `plumbline reads inference logs, compares them with how things were when the model was trained,
and says, with a controlled number of false alarms, when a person or a training pipeline has to act.

Start with:  plumbline demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&p.level, "log-level", "info", "least level that is logged: debug, info, warn or error")
	root.PersistentFlags().StringVar(&p.format, "log-format", "text", "form of the log on standard error: text or json")
	root.Version = version // for those who type --version
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(p.demoCommand(), p.runCommand(), p.checkCommand(), p.baselineCommand(), p.compareCommand(), p.profileCommand(), p.migrateCommand(), p.versionCommand())
	return root
}
