package abi

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// shape is a type's size and alignment by the canonical ABI, and where its members or the contents of its cases are.
type shape struct {
	size, align int
	at          map[string]int
}

// shapes computes the shapes of the types of a WIT text.
type shapes struct {
	definitions map[string]definition
}

type definition struct {
	keyword string
	// Names and types of members or cases; of an alias the type alone.
	members [][2]string
}

func readShapes(t *testing.T) *shapes {
	t.Helper()
	text, err := os.ReadFile("../../../../wit/transform.wit")
	if os.IsNotExist(err) {
		t.Skip("the contract is not here: this is the published module")
	}
	if err != nil {
		t.Fatal(err)
	}
	source := regexp.MustCompile(`//.*`).ReplaceAllString(string(text), "")
	s := &shapes{map[string]definition{}}
	for _, alias := range regexp.MustCompile(`type ([\w-]+) = ([^;]+);`).FindAllStringSubmatch(source, -1) {
		s.definitions[alias[1]] = definition{"type", [][2]string{{"", alias[2]}}}
	}
	for _, found := range regexp.MustCompile(`(record|variant|enum|flags) ([\w-]+) \{([^}]*)\}`).FindAllStringSubmatch(source, -1) {
		d := definition{keyword: found[1]}
		for _, member := range split(found[3]) {
			name, of, _ := strings.Cut(member, ":")
			if found[1] == "variant" {
				name, of, _ = strings.Cut(strings.TrimSuffix(member, ")"), "(")
			}
			d.members = append(d.members, [2]string{strings.TrimSpace(name), strings.TrimSpace(of)})
		}
		s.definitions[found[2]] = d
	}
	return s
}

// split is at the commas that are not within brackets.
func split(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, char := range text + "," {
		switch char {
		case '<', '(':
			depth++
		case '>', ')':
			depth--
		case ',':
			if part := strings.TrimSpace(text[from:i]); depth == 0 && part != "" {
				parts = append(parts, part)
			}
			if depth == 0 {
				from = i + 1
			}
		}
	}
	return parts
}

func (s *shapes) of(t *testing.T, name string) shape {
	t.Helper()
	if name == "" {
		return shape{0, 1, nil}
	}
	inner := func(prefix string) []string {
		return split(strings.TrimSuffix(strings.TrimPrefix(name, prefix), ">"))
	}
	switch {
	case name == "bool" || name == "u8":
		return shape{1, 1, nil}
	case name == "u32" || name == "s32":
		return shape{4, 4, nil}
	case name == "string" || strings.HasPrefix(name, "list<"):
		return shape{8, 4, nil}
	case strings.HasPrefix(name, "tuple<"):
		return s.record(t, unnamed(inner("tuple<")))
	case strings.HasPrefix(name, "option<"):
		return s.variant(t, [][2]string{{"none", ""}, {"some", inner("option<")[0]}})
	case strings.HasPrefix(name, "result<"):
		return s.variant(t, unnamed(inner("result<")))
	}
	d, ok := s.definitions[name]
	if !ok {
		t.Fatalf("there is no type %s in the contract", name)
	}
	switch d.keyword {
	case "type":
		return s.of(t, d.members[0][1])
	case "record":
		return s.record(t, d.members)
	case "variant":
		return s.variant(t, d.members)
	}
	// An enum of up to 256 cases, and flags of up to eight.
	return shape{1, 1, nil}
}

func unnamed(types []string) [][2]string {
	var members [][2]string
	for _, of := range types {
		members = append(members, [2]string{"", of})
	}
	return members
}

func upTo(align, at int) int {
	return (at + align - 1) / align * align
}

func (s *shapes) record(t *testing.T, members [][2]string) shape {
	whole := shape{0, 1, map[string]int{}}
	for _, member := range members {
		of := s.of(t, member[1])
		whole.size = upTo(of.align, whole.size)
		whole.at[member[0]] = whole.size
		whole.size += of.size
		whole.align = max(whole.align, of.align)
	}
	whole.size = upTo(whole.align, whole.size)
	return whole
}

func (s *shapes) variant(t *testing.T, cases [][2]string) shape {
	whole, largest := shape{1, 1, map[string]int{}}, 0
	for _, one := range cases {
		of := s.of(t, one[1])
		whole.align = max(whole.align, of.align)
		largest = max(largest, of.size)
	}
	whole.at["payload"] = upTo(whole.align, 1)
	whole.size = upTo(whole.align, whole.at["payload"]+largest)
	return whole
}
