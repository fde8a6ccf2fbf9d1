package main

import (
	"errors"
	"fmt"
	"strings"
)

type Settings struct {
	// The fields of a line, in order: `id:integer, customer, price:number, paid:boolean`.
	Columns []string
	// What separates them: one ASCII character, or `tab`.
	Delimiter string `default:","`

	columns   []column
	delimiter byte
}

type column struct {
	kind
	name string
	// The name as it begins a member: `"id":`.
	member []byte
}

// kind is a type of columns.
type kind struct {
	described string
	// Whether a text is JSON of this type. Nil where every text is one.
	fits func(text string) bool
}

var kinds = map[string]kind{
	"text":    {"a text", nil},
	"integer": {"an integer", isInteger},
	"number":  {"a number", isNumber},
	"boolean": {"a boolean", isBoolean},
}

// Init makes of the settings what the lines need. Its error refuses the deployment.
func (s *Settings) Init() (err error) {
	if s.columns, err = parseColumns(s.Columns); err != nil {
		return err
	}
	s.delimiter, err = parseDelimiter(s.Delimiter)
	return err
}

func parseColumns(entries []string) ([]column, error) {
	if len(entries) == 0 {
		return nil, errors.New("setting `columns` names no column")
	}
	var columns []column
	known := map[string]bool{}
	for _, entry := range entries {
		name, of, typed := strings.Cut(entry, ":")
		if !typed {
			of = "text"
		}
		kind, ok := kinds[of]
		switch {
		case name == "":
			return nil, errors.New("setting `columns`: a column has no name")
		case known[name]:
			return nil, fmt.Errorf("setting `columns`: two columns are called `%s`", name)
		case !ok:
			return nil, fmt.Errorf("setting `columns`: `%s` is of the type `%s`, not text, integer, number or boolean", name, of)
		}
		known[name] = true
		columns = append(columns, column{kind, name, append(appendText(nil, name), ':')})
	}
	return columns, nil
}

func parseDelimiter(text string) (byte, error) {
	if text == "tab" {
		return '\t', nil
	}
	if len(text) != 1 || strings.Contains("\"\n\r", text) {
		return 0, fmt.Errorf("setting `delimiter` is `%s`, not `tab` or one ASCII character other than a quote or a line break", text)
	}
	return text[0], nil
}
