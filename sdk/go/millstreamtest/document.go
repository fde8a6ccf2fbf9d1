package millstreamtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// deepest is how deep JSON may be nested.
const deepest = 128

// document is a part of a record that is JSON, if its text is not nil.
type document struct {
	name    string
	text    []byte
	checked bool
}

// check tells whether all of it is JSON, once.
func (d *document) check() *refused {
	if d.text == nil || d.checked {
		return nil
	}
	d.checked = true
	malformed := func(what string, at int) *refused {
		return &refused{"malformed-json", fmt.Sprintf("the %s is not JSON: %s at byte %d", d.name, what, at)}
	}
	var whole json.RawMessage
	err := json.Unmarshal(d.text, &whole)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return malformed(syntax.Error(), int(syntax.Offset))
	} else if err != nil {
		return malformed(err.Error(), 0)
	}
	if !utf8.Valid(d.text) {
		return malformed("invalid UTF-8", len(d.text)-len(bytes.ToValidUTF8(d.text, nil)))
	}
	if at, deep := tooDeep(d.text); deep {
		return malformed("nested too deep", at)
	}
	return nil
}

func tooDeep(text []byte) (at int, deep bool) {
	depth, quoted := 0, false
	for at := 0; at < len(text); at++ {
		switch char := text[at]; {
		case quoted && char == '\\':
			at++
		case char == '"':
			quoted = !quoted
		case quoted:
		case char == '{' || char == '[':
			if depth++; depth > deepest {
				return at, true
			}
		case char == '}' || char == ']':
			depth--
		}
	}
	return 0, false
}

// at is the JSON that a JSON Pointer leads to, as it stands; nil where there is none.
func (d *document) at(pointer string) []byte {
	here := bytes.TrimSpace(d.text)
	if pointer == "" || len(here) == 0 {
		if len(here) == 0 {
			return nil
		}
		return here
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch here[0] {
		case '{':
			// Of members of one name the last is kept.
			members := map[string]json.RawMessage{}
			if json.Unmarshal(here, &members) != nil {
				return nil
			}
			here = members[token]
		case '[':
			var elements []json.RawMessage
			index, err := strconv.Atoi(token)
			if err != nil || strconv.Itoa(index) != token || json.Unmarshal(here, &elements) != nil || index < 0 || index >= len(elements) {
				return nil
			}
			here = elements[index]
		default:
			return nil
		}
		if here = bytes.TrimSpace(here); len(here) == 0 {
			return nil
		}
	}
	return here
}

// textOf is the text of a JSON string. One with an escape that is no character is none.
func textOf(found []byte) ([]byte, bool) {
	if found[0] != '"' || loneSurrogate(found) {
		return nil, false
	}
	var text string
	if json.Unmarshal(found, &text) != nil {
		return nil, false
	}
	return []byte(text), true
}

func loneSurrogate(quoted []byte) bool {
	escape := func(at int) uint64 {
		if at+6 > len(quoted) || quoted[at] != '\\' || quoted[at+1] != 'u' {
			return 0
		}
		code, _ := strconv.ParseUint(string(quoted[at+2:at+6]), 16, 16)
		return code
	}
	for at := 0; at < len(quoted); at++ {
		if quoted[at] != '\\' {
			continue
		}
		switch code := escape(at); {
		case code>>10 == 0xD800>>10 && escape(at+6)>>10 == 0xDC00>>10:
			at += 11
		case code>>11 == 0xD800>>11:
			return true
		default:
			at++
		}
	}
	return false
}

// isNumber tells whether it is a number as JSON writes it.
func isNumber(found []byte) bool {
	return len(found) != 0 && (found[0] == '-' || '0' <= found[0] && found[0] <= '9') && json.Valid(found) &&
		!bytes.ContainsAny(found[len(found)-1:], spaces)
}

const spaces = " \t\r\n"
