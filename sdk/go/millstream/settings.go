package millstream

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// readSettings fills the struct that `to` points to. The error names every setting that is wrong, missing or unknown.
func readSettings(to any, settings []guest.Setting) error {
	into := reflect.ValueOf(to).Elem()
	if into.Kind() != reflect.Struct {
		return fmt.Errorf("settings are a struct, and %v is none: use millstream.None for no settings", into.Type())
	}
	r := settingsReader{settings: settings}
	for i := range into.NumField() {
		f := into.Type().Field(i)
		name, tagged := f.Tag.Lookup("ms")
		if name == "-" || !f.IsExported() && !tagged {
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("the setting %s: its name in Go begins in lower case: only exported members can be set", f.Name)
		}
		if name == "" {
			name = kebab(f.Name)
		}
		value, err := valueOf(f.Type)
		if err != nil {
			return fmt.Errorf("the setting %s: %w", f.Name, err)
		}
		r.read(name, f.Tag, value, into.Field(i))
	}
	r.unknown()
	if len(r.wrong) != 0 {
		return errors.New(strings.Join(r.wrong, "; "))
	}
	return nil
}

// settingsReader reads settings one by one and gathers what is wrong with all of them.
type settingsReader struct {
	settings []guest.Setting
	known    []string
	wrong    []string
}

func (r *settingsReader) read(name string, tag reflect.StructTag, value value, into reflect.Value) {
	r.known = append(r.known, name)
	// Of settings of one name the last counts.
	for i := len(r.settings) - 1; i >= 0; i-- {
		if text := r.settings[i].Value; r.settings[i].Name == name {
			if err := value.parse(text, into); err != nil {
				r.wrong = append(r.wrong, fmt.Sprintf("setting `%s` is %s", name, value.wrong(text, err)))
			}
			return
		}
	}
	if text, ok := tag.Lookup("default"); ok {
		if err := value.parse(text, into); err != nil {
			r.wrong = append(r.wrong, fmt.Sprintf("the default of setting `%s` is %s", name, value.wrong(text, err)))
		}
		return
	}
	if into.Kind() != reflect.Pointer {
		r.wrong = append(r.wrong, fmt.Sprintf("setting `%s` is missing: it is %s", name, value.expected))
	}
}

func (r *settingsReader) unknown() {
	for _, setting := range r.settings {
		known := false
		for _, name := range r.known {
			known = known || name == setting.Name
		}
		if known {
			continue
		}
		remedy := "there are `" + strings.Join(r.known, "`, `") + "`"
		if near := nearest(setting.Name, r.known); near != "" {
			remedy = "did you mean `" + near + "`?"
		} else if len(r.known) == 0 {
			remedy = "this transform has none"
		}
		r.wrong = append(r.wrong, fmt.Sprintf("there is no setting `%s`: %s", setting.Name, remedy))
	}
}

// kebab writes MinAge as min-age and UserID as user-id.
func kebab(name string) string {
	var made strings.Builder
	chars := []rune(name)
	for i, char := range chars {
		begins := unicode.IsUpper(char) && i > 0 &&
			(!unicode.IsUpper(chars[i-1]) || i+1 < len(chars) && unicode.IsLower(chars[i+1]))
		if begins {
			made.WriteByte('-')
		}
		made.WriteRune(unicode.ToLower(char))
	}
	return made.String()
}

// nearest is the known name within two edits, if any.
func nearest(name string, known []string) (near string) {
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	least := 3
	for _, candidate := range known {
		if n := edits(name, candidate); n < least && n < len(candidate) {
			near, least = candidate, n
		}
	}
	return near
}

// edits is how many bytes have to be replaced, added or left out to make one of the other.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
