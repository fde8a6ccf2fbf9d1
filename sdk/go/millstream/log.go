package millstream

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

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

// The host keeps 8 KiB of a line, and traps at a message of more than 1 MiB.
const longestLine = 64 << 10

// Log writes a line to the transform's log, cut at 64 KiB. In plain Go programs it goes to stderr.
func Log(level Level, message string) {
	message = cutText(message, longestLine)
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

// cutText is at most so many bytes of a text, cut between characters, and UTF-8: texts in Go need not be, and the host insists
// on it.
func cutText(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

type guestFailure = guest.Failure
