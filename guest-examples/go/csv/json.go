package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// appendObject appends a line as a JSON object. There are as many fields as columns.
func appendObject(to []byte, columns []column, fields []field) ([]byte, error) {
	to = append(to, '{')
	for i, field := range fields {
		column := &columns[i]
		if i != 0 {
			to = append(to, ',')
		}
		to = append(to, column.member...)
		switch {
		case field.null:
			to = append(to, "null"...)
		case column.fits == nil:
			to = appendText(to, field.text)
		case column.fits(field.text):
			// What fits is JSON as it stands: a number keeps all of its digits.
			to = append(to, field.text...)
		default:
			return nil, fmt.Errorf(`%s is "%s", not %s`, column.name, field.text, column.described)
		}
	}
	return append(to, '}'), nil
}

// appendText appends a JSON string. json.Marshal escapes more than JSON wants: `<`, and line separators.
func appendText(to []byte, text string) []byte {
	to = append(to, '"')
	plain := 0
	for i := range len(text) {
		char := text[i]
		if char >= ' ' && char != '"' && char != '\\' {
			continue
		}
		to = append(to, text[plain:i]...)
		plain = i + 1
		if at := strings.IndexByte("\"\\\n\r\t\b\f", char); at >= 0 {
			to = append(to, '\\', `"\nrtbf`[at])
		} else {
			to = fmt.Appendf(to, `\u%04x`, char)
		}
	}
	return append(append(to, text[plain:]...), '"')
}

func isInteger(text string) bool {
	return isNumber(text) && !strings.ContainsAny(text, ".eE")
}

// isNumber tells whether a text is a JSON number. No other JSON begins and ends like one.
func isNumber(text string) bool {
	if text == "" || text[0] != '-' && !isDigit(text[0]) || !isDigit(text[len(text)-1]) {
		return false
	}
	return json.Valid([]byte(text))
}

func isDigit(char byte) bool {
	return '0' <= char && char <= '9'
}

func isBoolean(text string) bool {
	return text == "true" || text == "false"
}
