// Turns CSV into JSON: every line of a record becomes a record of its own, an object.
package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/millstream/millstream/sdk/go/millstream"
)

const JSON millstream.Output = 0

var convert = millstream.Transform[millstream.None, Settings]{
	Outputs: []string{JSON: "json"},
	Reads:   millstream.Values,
	Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, settings *Settings) error {
		text, err := record.Text()
		if err != nil {
			return err
		}
		// Spreadsheets begin with a byte order mark.
		lines := reader{rest: strings.TrimPrefix(text, "\ufeff"), delimiter: settings.delimiter}
		var json []byte
		for number := 1; ; number++ {
			fields, err := lines.line()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return millstream.Reject("malformed-csv", fmt.Sprintf("line %d: %v", number, err))
			}
			if len(fields) != len(settings.columns) {
				return wrongColumns(number, len(fields), len(settings.columns))
			}
			json, err = appendObject(json[:0], settings.columns, fields)
			if err != nil {
				return millstream.Reject("wrong-type", fmt.Sprintf("line %d: %v", number, err))
			}
			out.Emit(JSON).Value(json)
		}
	},
}

func wrongColumns(number, fields, columns int) error {
	noun := "fields"
	if fields == 1 {
		noun = "field"
	}
	return millstream.Reject("wrong-columns", fmt.Sprintf("line %d has %d %s, not %d", number, fields, noun, columns))
}

func init() { millstream.Register(convert) }

// A component has no main; Go wants one.
func main() {}
