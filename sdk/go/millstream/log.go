package millstream

import (
	"fmt"
	"os"
	"strings"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// Level is how important a line of the log is.
type Level uint8

// The levels, from the least important on.
const (
	LevelDebug = Level(guest.Debug) // for whoever looks for a bug
	LevelInfo  = Level(guest.Info)  // for whoever wants to know
	LevelWarn  = Level(guest.Warn)  // somebody should look at it some time
	LevelError = Level(guest.Error) // somebody should look at it
)

// String is `debug`, `info`, `warn` or `error`.
func (l Level) String() string {
	switch l {
	case LevelDebug:
		return "debug"
	case LevelInfo:
		return "info"
	case LevelWarn:
		return "warn"
	}
	return "error"
}

// Log writes a line to the transform's log. In plain Go programs it goes to stderr.
func Log(level Level, message string) {
	message = validText(message)
	if guest.Current == nil {
		fmt.Fprintf(os.Stderr, "%v: %s\n", level, message)
		return
	}
	guest.Current.Log(guest.Level(level), message)
}

// Logf writes a line to the transform's log, formatted as [fmt.Sprintf] does.
func Logf(level Level, format string, args ...any) {
	Log(level, fmt.Sprintf(format, args...))
}

// validText is text in UTF-8, which the host insists on.
func validText(text string) string {
	return strings.ToValidUTF8(text, "\uFFFD")
}

type guestFailure = guest.Failure
