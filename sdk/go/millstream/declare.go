package millstream

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// member is a member of a struct of fields, as its tags declare it.
type member struct {
	name   string
	offset uintptr
	typ    reflect.Type
	// Whether the member is a pointer, which is nil where the field is null.
	pointer bool
	field   guest.Field
	// A lookup's table and the member that is the key, "" for the record's own key.
	lookup bool
	table  string
	by     string
}

// declaration is what a struct of fields declares: the fields, then the lookups.
type declaration struct {
	members []member
	fields  int
	lookups []guest.Lookup
}

// declare reads the tags of F. The error names the member, what is wrong with it, and the remedy.
func declare[F any](tables []string) (*declaration, error) {
	typ := reflect.TypeFor[F]()
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("fields are declared in a struct, and %v is none: use millstream.None for no fields", typ)
	}
	members, err := membersOf(typ, 0, nil)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(members, func(a, b member) int {
		switch {
		case a.lookup == b.lookup:
			return 0
		case b.lookup:
			return -1
		}
		return 1
	})
	d := &declaration{members: members}
	for i := range members {
		if !members[i].lookup {
			d.fields++
			continue
		}
		lookup, err := d.resolve(&members[i], tables)
		if err != nil {
			return nil, err
		}
		d.lookups = append(d.lookups, lookup)
	}
	return d, nil
}

func membersOf(typ reflect.Type, offset uintptr, members []member) ([]member, error) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		where, tagged := f.Tag.Lookup("ms")
		table, lookup := f.Tag.Lookup("lookup")
		wrong := func(format string, args ...any) ([]member, error) {
			return nil, fmt.Errorf("the field %s of %v: %s", f.Name, typ, fmt.Sprintf(format, args...))
		}
		switch {
		case where == "-" || !f.IsExported() && !tagged && !lookup && !f.Anonymous:
			continue
		case f.Anonymous && !tagged && !lookup && f.Type.Kind() == reflect.Struct:
			var err error
			if members, err = membersOf(f.Type, offset+f.Offset, members); err != nil {
				return nil, err
			}
			continue
		case !tagged && !lookup:
			return wrong("it has no tag that says where it is: add one such as `ms:\"/path\"`, or `ms:\"-\"`")
		case !f.IsExported():
			return wrong("its name begins in lower case: only exported members can be declared")
		}
		m := member{name: f.Name, offset: offset + f.Offset, typ: f.Type, lookup: lookup, table: table, by: f.Tag.Get("by")}
		if why := m.read(where); why != "" {
			return wrong("%s", why)
		}
		members = append(members, m)
	}
	return members, nil
}

// read takes the tag apart, and the type with it. It answers what is wrong.
func (m *member) read(where string) (wrong string) {
	presence, said := guest.Required, false
	for _, option := range []struct {
		text     string
		presence guest.Presence
	}{{",lenient", guest.Lenient}, {",nullable", guest.Nullable}, {",required", guest.Required}} {
		if rest, ok := strings.CutSuffix(where, option.text); ok {
			where, presence, said = rest, option.presence, true
			break
		}
	}
	if m.typ.Kind() == reflect.Pointer {
		m.pointer, m.typ = true, m.typ.Elem()
		if !said {
			presence = guest.Nullable
		}
	}
	var ok bool
	if m.field.Kind, ok = kindOf(m.typ); !ok {
		return fmt.Sprintf("it cannot be %v: it is string, int64, float64, bool, []byte, or a pointer to one of these", m.typ)
	}
	canBeNull := m.pointer || m.field.Kind == guest.Raw
	if m.lookup {
		if said && presence == guest.Required {
			return "what is looked up cannot be required: leave that out, it is null where the table has nothing"
		}
		if !canBeNull {
			return "what is looked up may be null: make it a pointer"
		}
		if presence == guest.Required {
			presence = guest.Nullable
		}
	}
	if m.pointer && presence == guest.Required {
		return "it is required, so that it is never null: leave out the pointer or `,required`"
	}
	if presence != guest.Required && !canBeNull {
		return "it may be null: make it a pointer"
	}
	m.field.Presence = presence
	return m.place(where)
}

func (m *member) place(where string) (wrong string) {
	f := &m.field
	switch {
	case m.lookup && where == "":
		if f.Kind != guest.Raw {
			return "all of a table's value is []byte: make it that, or say where in the value it is with `ms:\"/path\"`"
		}
	case where == "value":
		f.Part = guest.InValue
	case strings.HasPrefix(where, "/"):
		f.Part, f.Path = guest.InValue, where
	case m.lookup:
		return fmt.Sprintf("`%s` is no path into the table's value: begin it with a slash", where)
	case where == "key":
		f.Part = guest.InKey
	case strings.HasPrefix(where, "key/"):
		f.Part, f.Path = guest.InKey, strings.TrimPrefix(where, "key")
	case strings.HasPrefix(where, "header:"):
		f.Part, f.Header = guest.InHeader, strings.TrimPrefix(where, "header:")
	default:
		return fmt.Sprintf("`%s` is no place: it is a path into the value (`/user/id`), `value`, `key`, a path into the key "+
			"(`key/id`), or a header (`header:name`); after it may come `,nullable` or `,lenient`", where)
	}
	if rest := strings.NewReplacer("~0", "", "~1", "").Replace(f.Path); strings.Contains(rest, "~") {
		return fmt.Sprintf("in the path `%s`, `~` is written `~0`, and `/` within a name `~1`", f.Path)
	}
	return ""
}

func kindOf(typ reflect.Type) (guest.Kind, bool) {
	switch typ.Kind() {
	case reflect.String:
		return guest.Text, true
	case reflect.Int64:
		return guest.Integer, true
	case reflect.Int:
		// Of 64 bits in WebAssembly, and on most machines that tests run on.
		return guest.Integer, typ.Size() == 8
	case reflect.Float64:
		return guest.Number, true
	case reflect.Bool:
		return guest.Boolean, true
	case reflect.Slice:
		return guest.Raw, typ.Elem().Kind() == reflect.Uint8
	}
	return 0, false
}

func (d *declaration) resolve(m *member, tables []string) (guest.Lookup, error) {
	lookup := guest.Lookup{By: -1}
	table := slices.Index(tables, m.table)
	if table < 0 {
		return lookup, fmt.Errorf("the lookup %s: there is no table `%s`: name it in Transform.Tables", m.name, m.table)
	}
	lookup.Table = uint32(table)
	if m.by != "" {
		lookup.By = slices.IndexFunc(d.members, func(other member) bool { return other.name == m.by && !other.lookup })
		if lookup.By < 0 {
			return lookup, fmt.Errorf("the lookup %s: there is no field `%s` to look up by: name a member of the same struct", m.name, m.by)
		}
		switch d.members[lookup.By].field.Kind {
		case guest.Text, guest.Integer, guest.Raw:
		default:
			return lookup, fmt.Errorf("the lookup %s: the field `%s` cannot be a key: take one that is a string, int64 or []byte", m.name, m.by)
		}
	}
	if m.field.Path != "" || m.field.Kind != guest.Raw {
		lookup.Field = &m.field
	}
	return lookup, nil
}

func (d *declaration) describe(reads guest.Parts, tables, outputs, counters []string) *guest.Description {
	description := &guest.Description{Reads: reads, Lookups: d.lookups, Tables: tables, Outputs: outputs, Counters: counters}
	for i := range d.members[:d.fields] {
		description.Fields = append(description.Fields, d.members[i].field)
	}
	return description
}
