// The guest of the conformance vectors, written with the Go SDK: each record says what is to be done with it. See ../README.md.
package main

import (
	"strconv"
	"strings"

	"github.com/millstream/millstream/sdk/go/millstream"
)

const (
	A millstream.Output = iota
	B
	C
)

const (
	Seen millstream.Counter = iota
	Asked
)

const (
	Users millstream.Table = iota
	Names
)

var (
	outputs  = []string{A: "a", B: "b", C: "c"}
	counters = []string{Seen: "seen", Asked: "asked"}
	tables   = []string{Users: "users", Names: "names"}
)

type Fields struct {
	Do      *string  `ms:"/do"`
	Text    *string  `ms:"/text"`
	Integer *int64   `ms:"/integer"`
	Number  *float64 `ms:"/number"`
	Boolean *bool    `ms:"/boolean"`
	Raw     []byte   `ms:"/raw,nullable"`
	Lenient *int64   `ms:"/lenient,lenient"`
	Key     *string  `ms:"key,lenient"`
	Header  *string  `ms:"header:h,lenient"`

	ByKey    []byte  `lookup:"users"`
	Name     *string `lookup:"users" by:"Text" ms:"/name,lenient"`
	ByNumber []byte  `lookup:"names" by:"Integer"`
}

type Settings struct {
	Greeting string `default:"hello"`
	Limit    int64  `default:"7"`
	Strict   bool   `default:"false"`
}

type Record = millstream.Record[Fields]

var interpret = millstream.Transform[Fields, Settings]{
	Outputs:  outputs,
	Reads:    millstream.Keys | millstream.Values | millstream.Headers | millstream.Timestamps | millstream.Offsets,
	Counters: counters,
	Tables:   tables,
	Record: func(record *Record, out *millstream.Emitter, settings *Settings) error {
		if record.Value() == nil {
			out.Forward(A)
			return nil
		}
		if record.Fields.Do == nil {
			return millstream.Reject("no-program", "the record says nothing")
		}
		for line := range strings.SplitSeq(*record.Fields.Do, "\n") {
			instruction := instruction{record, out, settings, strings.Split(line, " ")}
			if err := instruction.carryOut(); err != nil {
				return err
			}
		}
		return nil
	},
}

func init() { millstream.Register(interpret) }

func main() {}

// word is the bytes that a word stands for.
func word(word string) string {
	var bytes strings.Builder
	for i := 0; i < len(word); i++ {
		if word[i] == '%' && i+2 < len(word) {
			if code, err := strconv.ParseUint(word[i+1:i+3], 16, 8); err == nil {
				bytes.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		bytes.WriteByte(word[i])
	}
	return bytes.String()
}

// nullable is nil where the word is `~`.
func nullable(text string) []byte {
	if text == "~" {
		return nil
	}
	return []byte(word(text))
}
