package millstream_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
	"testing"
)

// What has no comment is missing from the pages that Go makes of a package.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, folder := range []string{".", "../millstreamtest"} {
		for _, name := range undocumented(t, folder) {
			t.Errorf("%s: %s has no comment", folder, name)
		}
	}
}

func undocumented(t *testing.T, folder string) []string {
	t.Helper()
	files := token.NewFileSet()
	ours := func(file fs.FileInfo) bool { return !strings.HasSuffix(file.Name(), "_test.go") }
	packages, err := parser.ParseDir(files, folder, ours, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, parsed := range packages {
		for _, file := range parsed.Files {
			ast.FileExports(file)
		}
		documented := doc.New(parsed, folder, 0)
		want := func(name, comment string) {
			if strings.TrimSpace(comment) == "" {
				missing = append(missing, name)
			}
		}
		values := func(all []*doc.Value) {
			for _, value := range all {
				want(strings.Join(value.Names, ", "), value.Doc+comments(value.Decl))
			}
		}
		functions := func(receiver string, all []*doc.Func) {
			for _, function := range all {
				want(receiver+function.Name, function.Doc)
			}
		}
		want("package "+documented.Name, documented.Doc)
		values(documented.Consts)
		values(documented.Vars)
		functions("", documented.Funcs)
		for _, kind := range documented.Types {
			want(kind.Name, kind.Doc)
			values(kind.Consts)
			values(kind.Vars)
			functions("", kind.Funcs)
			functions(kind.Name+".", kind.Methods)
		}
	}
	return missing
}

// comments are those of the single names of a group.
func comments(group *ast.GenDecl) string {
	var all strings.Builder
	for _, spec := range group.Specs {
		if value, ok := spec.(*ast.ValueSpec); ok {
			all.WriteString(value.Doc.Text() + value.Comment.Text())
		}
	}
	return all.String()
}
