// Package release tests the module as users get it.
package release

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	module  = "github.com/millstream/millstream/sdk/go"
	version = "v0.1.0"
)

// pack writes the module in the layout of a proxy, as `go` fetches it from GOPROXY.
func pack(t *testing.T, root, proxy string) {
	t.Helper()
	folder := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	files := zip.NewWriter(&archive)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			t.Errorf("%s is no plain file: a module's archive has no links", name)
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := files.Create(module + "@" + version + "/" + filepath.ToSlash(name))
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(struct{ Version, Time string }{version, time.Unix(0, 0).UTC().Format(time.RFC3339)})
	if err != nil {
		t.Fatal(err)
	}
	write("list", []byte(version+"\n"))
	write(version+".info", info)
	write(version+".mod", manifest)
	write(version+".zip", archive.Bytes())
}

// program is the first one of the README.
func program(t *testing.T, root string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	program, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the README has no program")
	}
	return program
}

const test = `package main

import (
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

func TestRoute(t *testing.T) {
	outcome := millstreamtest.Run(t, route, millstreamtest.Value("{\"direction\":\"left\"}"))
	if len(outcome.To("passes")) != 1 {
		t.Error(outcome)
	}
}
`

func TestAnEmptyProjectIsBuiltFromTheModuleAsAProxyServesIt(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	proxy, project := t.TempDir(), t.TempDir()
	pack(t, root, proxy)
	for name, content := range map[string]string{"main.go": program(t, root), "main_test.go": test} {
		if err := os.WriteFile(filepath.Join(project, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(environment []string, arguments ...string) string {
		t.Helper()
		command := exec.Command("go", arguments...)
		command.Dir = project
		command.Env = append(os.Environ(), "GOPROXY=file://"+filepath.ToSlash(proxy), "GONOSUMDB=*", "GOFLAGS=-modcacherw",
			"GOMODCACHE="+filepath.Join(proxy, "cache"), "GOWORK=off", "GOTOOLCHAIN=local")
		command.Env = append(command.Env, environment...)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
		return string(output)
	}
	run(nil, "mod", "init", "example.com/route")
	run(nil, "get", module+"@"+version)
	run(nil, "mod", "tidy")
	run(nil, "test", "./...")
	run([]string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-o", "core.wasm", ".")

	core, err := os.Open(filepath.Join(project, "core.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	bytes, err := io.ReadAll(core)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cabi_realloc", "millstream:transform/guest@0.1.0#configure", "millstream:transform/guest@0.1.0#apply"} {
		if !strings.Contains(string(bytes), name) {
			t.Errorf("the module exports no %s", name)
		}
	}
}
