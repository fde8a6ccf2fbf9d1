package main

import (
	"bytes"
	"regexp"
)

var unicodeEscape = regexp.MustCompile(`^\\u[0-9A-Fa-f]{4}`)

// rewriteStrings answers a copy of JSON in which `rewrite` appends what becomes of the texts of strings. It gets those parts of a
// string that have no escape sequence in them. Not ok: the last string never ends.
func rewriteStrings(json []byte, rewrite func(to, text []byte) []byte) (written []byte, ok bool) {
	for inString := false; ; {
		if !inString {
			quote := bytes.IndexByte(json, '"')
			if quote < 0 {
				return append(written, json...), true
			}
			written = append(written, json[:quote+1]...)
			json, inString = json[quote+1:], true
		}
		end := bytes.IndexAny(json, `"\`)
		if end < 0 {
			return nil, false
		}
		written = rewrite(written, json[:end])
		json = json[end:]
		size := 1
		switch {
		case json[0] == '"':
			inString = false
		case unicodeEscape.Match(json):
			size = len(`\u0000`)
		case len(json) > 1:
			size = 2
		}
		written = append(written, json[:size]...)
		json = json[size:]
	}
}
