package main

import (
	"errors"
	"io"
	"strings"
)

// field is a field of a line. It is null where it is empty and not quoted.
type field struct {
	text string
	null bool
}

// reader reads CSV as RFC 4180 has it. Package encoding/csv is lenient, and does not tell an empty field from a quoted empty text.
type reader struct {
	rest string
	// Neither a quote nor part of a line end.
	delimiter byte
	fields    []field
}

// line reads the next line that is not empty; io.EOF where there is none. Its fields are valid until the next call. After another
// error there is nothing to go on with.
func (r *reader) line() ([]field, error) {
	for r.skipLineEnd() {
	}
	if r.rest == "" {
		return nil, io.EOF
	}
	r.fields = r.fields[:0]
	for {
		field, err := r.field()
		if err != nil {
			return nil, err
		}
		r.fields = append(r.fields, field)
		if r.rest == "" || r.rest[0] != r.delimiter {
			break
		}
		r.rest = r.rest[1:]
	}
	// The last line may lack its end.
	r.skipLineEnd()
	return r.fields, nil
}

func (r *reader) skipLineEnd() bool {
	length := lineEnd(r.rest)
	r.rest = r.rest[length:]
	return length != 0
}

func (r *reader) field() (field, error) {
	if rest, quoted := strings.CutPrefix(r.rest, `"`); quoted {
		r.rest = rest
		return r.quoted()
	}
	return r.plain()
}

func (r *reader) plain() (field, error) {
	end := 0
	for end < len(r.rest) && r.rest[end] != '"' && r.rest[end] != '\n' && r.rest[end] != r.delimiter {
		end++
	}
	text, rest := r.rest[:end], r.rest[end:]
	if strings.HasPrefix(rest, `"`) {
		return field{}, errors.New("a quote is within a field that is not quoted")
	}
	if strings.HasPrefix(rest, "\n") {
		text = strings.TrimSuffix(text, "\r")
	}
	r.rest = rest
	return field{text: text, null: text == ""}, nil
}

// quoted reads what follows an opening quote. Only a text with quotes in it is copied.
func (r *reader) quoted() (field, error) {
	end := 0
	for {
		quote := strings.IndexByte(r.rest[end:], '"')
		if quote < 0 {
			return field{}, errors.New("a quote never ends")
		}
		end += quote
		if !strings.HasPrefix(r.rest[end:], `""`) {
			break
		}
		end += 2
	}
	text := strings.ReplaceAll(r.rest[:end], `""`, `"`)
	r.rest = r.rest[end+1:]
	if r.rest != "" && r.rest[0] != r.delimiter && lineEnd(r.rest) == 0 {
		return field{}, errors.New("something follows a closing quote")
	}
	return field{text: text}, nil
}

// lineEnd is the length of the line end that a text begins with; 0 where it begins with none.
func lineEnd(text string) int {
	switch {
	case strings.HasPrefix(text, "\n"):
		return 1
	case strings.HasPrefix(text, "\r\n"):
		return 2
	}
	return 0
}
