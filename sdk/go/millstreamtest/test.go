// Package millstreamtest runs a transform in plain unit tests, without WebAssembly: through the same columns and the same answer
// that a component exchanges with the host, so that nothing of it is skipped.
//
//	func TestSwipesGoByTheirDirection(t *testing.T) {
//		outcome := millstreamtest.Run(t, route, millstreamtest.Values(`{"direction":"left"}`, `{"direction":7}`)...)
//		if passes := outcome.To("passes"); len(passes) != 1 || passes[0].Row != 0 {
//			t.Errorf("passes: %v", passes)
//		}
//		if outcome.Rejected[0].Code != "wrong-type" {
//			t.Errorf("rejected: %v", outcome.Rejected)
//		}
//	}
package millstreamtest

import (
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/millstream/millstream/sdk/go/internal/guest"
	"github.com/millstream/millstream/sdk/go/millstream"
)

// Run runs a transform without settings and tables over these records, as one batch. The test ends where the transform cannot be
// configured, fails the batch, or gives an answer that the host would refuse.
func Run(t testing.TB, transform millstream.Definition, inputs ...Input) *Outcome {
	t.Helper()
	return New(transform).Run(t, inputs...)
}

// Test is a transform to test, with what a deployment gives to it. Its methods answer a changed copy.
type Test struct {
	transform millstream.Definition
	settings  []guest.Setting
	tables    map[string]map[string]string
	topic     string
	partition int32
}

// New is a test of this transform. Records come from partition 0 of the topic `input`, unless said otherwise.
func New(transform millstream.Definition) Test {
	return Test{transform: transform, topic: "input"}
}

// Setting sets a setting, as the deployment would.
func (test Test) Setting(name, value string) Test {
	test.settings = append(test.settings[:len(test.settings):len(test.settings)], guest.Setting{Name: name, Value: value})
	return test
}

// Table says what a table has: values by their keys. Tables that are not said are empty.
func (test Test) Table(name string, values map[string]string) Test {
	tables := maps.Clone(test.tables)
	if tables == nil {
		tables = map[string]map[string]string{}
	}
	tables[name] = values
	test.tables = tables
	return test
}

// Source says where the records come from.
func (test Test) Source(topic string, partition int32) Test {
	test.topic, test.partition = topic, partition
	return test
}

// Configure is what a deployment with these settings would say: nil, or which settings are wrong, and how.
func (test Test) Configure() error {
	_, err := guest.Make(test.transform).Configure(test.settings)
	return err
}

// Run runs the transform over these records, as one batch. The test ends where the transform cannot be configured, fails the
// batch, or gives an answer that the host would refuse.
func (test Test) Run(t testing.TB, inputs ...Input) *Outcome {
	t.Helper()
	outcome, err := test.Try(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// Failure is an error of [Test.Try]: the transform failed the batch.
type Failure struct {
	// Whether the host would try the batch again.
	Transient bool
	// Why it failed.
	Message string
}

// Error is the kind of the failure and its message.
func (f *Failure) Error() string {
	if f.Transient {
		return "the batch failed, transient: " + f.Message
	}
	return "the batch failed, permanent: " + f.Message
}

// One batch at a time: what a transform logs goes to the host of the running call.
var running sync.Mutex

// Try is as [Test.Run], but answers the error: a [*Failure] where the transform failed the batch.
func (test Test) Try(inputs ...Input) (*Outcome, error) {
	running.Lock()
	defer running.Unlock()
	instance := guest.Make(test.transform)
	outcome := &Outcome{Counters: map[string]uint64{}}
	host := &host{outcome: outcome}
	guest.Current = host
	defer func() { guest.Current = nil }()
	description, err := instance.Configure(test.settings)
	if err != nil {
		return nil, fmt.Errorf("the deployment would be refused: %w", err)
	}
	host.description = description
	for _, name := range description.Tables {
		host.tables = append(host.tables, test.tables[name])
	}
	shown, err := host.extract(inputs)
	if err != nil {
		return nil, err
	}
	if len(shown.rows) != 0 {
		batch := shown.batch(description, inputs, test.topic, test.partition)
		output, failure := instance.Apply(batch)
		if failure != nil {
			return nil, &Failure{failure.Transient, failure.Message}
		}
		if err := outcome.apply(output, description, inputs, shown.rows); err != nil {
			return nil, fmt.Errorf("the host would refuse the answer: %w", err)
		}
		spoil(batch)
	}
	outcome.finish(len(inputs))
	return outcome, nil
}

// host is what a transform can call in a test.
type host struct {
	description *guest.Description
	tables      []map[string]string
	outcome     *Outcome
}

func (h *host) Log(level guest.Level, message string) {
	h.outcome.Logs = append(h.outcome.Logs, Line{millstream.Level(level), message})
}

func (h *host) Add(counter uint32, by uint64) {
	h.outcome.Counters[h.description.Counters[counter]] += by
}

func (h *host) Get(table uint32, keys *guest.Column) guest.Column {
	var found column
	for row := range keys.Len() {
		found.push(h.find(table, keys.Entry(row)))
	}
	return found.finish()
}

func (h *host) find(table uint32, key []byte) []byte {
	value, ok := h.tables[table][string(key)]
	if key == nil || !ok {
		return nil
	}
	return []byte(value)
}

func (h *host) Release() {}

// spoil overwrites a batch's memory, as the next batch does in a component: a transform that keeps what it was lent finds out in
// its tests.
func spoil(batch *guest.Batch) {
	columns := []guest.Column{batch.Keys, batch.Values, batch.Headers.Names, batch.Headers.Values}
	for _, fields := range [][]guest.FieldColumn{batch.Fields, batch.Lookups} {
		for _, field := range fields {
			columns = append(columns, field.Column)
		}
	}
	for _, column := range columns {
		for i := range column.Data {
			column.Data[i] = '?'
		}
	}
}
