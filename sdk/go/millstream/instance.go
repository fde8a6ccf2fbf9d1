package millstream

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// instance is a transform with its settings: what one instance of a component holds.
type instance[F, S any] struct {
	transform Transform[F, S]
	settings  S
	fields    binding
	view      view
	record    Record[F]
	emitter   Emitter
	plan      plan
}

func (in *instance[F, S]) Configure(settings []guest.Setting) (*guest.Description, error) {
	t := &in.transform
	if err := t.check(); err != nil {
		return nil, err
	}
	declared, err := declare[F](t.Tables)
	if err != nil {
		return nil, err
	}
	if err := readSettings(&in.settings, settings); err != nil {
		return nil, err
	}
	if state, ok := any(&in.settings).(Initializer); ok {
		if err := state.Init(); err != nil {
			return nil, err
		}
	}
	in.view.reads = t.Reads
	in.view.tables = len(t.Tables)
	in.view.fields = &in.fields
	in.record.view = &in.view
	in.emitter.plan = &in.plan
	in.plan.outputs = len(t.Outputs)
	in.plan.counts = make([]uint64, len(t.Counters))
	in.plan.view = &in.view
	in.fields.bind(declared, &in.record.Fields)
	return declared.describe(guest.Parts(t.Reads), t.Tables, t.Outputs, t.Counters), nil
}

// check finds what no deployment could make work, so that the message is about the program.
func (t *Transform[F, S]) check() error {
	switch {
	case t.Record == nil && t.Batch == nil:
		return errors.New("the transform has no function: set Transform.Record or Transform.Batch")
	case t.Record != nil && t.Batch != nil:
		return errors.New("the transform has two functions: set either Transform.Record or Transform.Batch")
	case len(t.Outputs) == 0:
		return errors.New("the transform has no outputs: name at least one in Transform.Outputs")
	}
	for _, names := range [][]string{t.Outputs, t.Counters, t.Tables} {
		for i, name := range names {
			if name == "" {
				return fmt.Errorf("number %d of the outputs, counters or tables has no name: name all that have a constant", i)
			}
		}
	}
	return nil
}

func (in *instance[F, S]) Apply(batch *guest.Batch) (output *guest.Output, failure *guest.Failure) {
	if err := in.view.open(batch); err != nil {
		return nil, &guest.Failure{Message: err.Error()}
	}
	in.plan.begin(batch.Count)
	var err error
	if in.transform.Record != nil {
		for row := 0; row < batch.Count && err == nil; {
			row, err = in.records(row)
		}
	} else {
		err = in.batch()
	}
	if err != nil {
		return nil, failureOf(err)
	}
	output = in.plan.finish(batch.Count)
	for counter, by := range in.plan.counts {
		if by != 0 {
			guest.Current.Add(uint32(counter), by)
		}
	}
	return output, nil
}

// records goes through the rows from this one on, and answers where to go on: after a row whose function panicked, because only
// there a function is left that can recover. A defer for each row would cost more than many a row.
func (in *instance[F, S]) records(from int) (next int, err error) {
	row := from
	defer func() {
		if caught := recover(); caught != nil {
			next, err = row+1, in.caught(caught)
		}
	}()
	each, rows := in.transform.Record, in.view.rows
	hasFields := len(in.fields.slots) != 0
	var nulls []byte
	if in.fields.probe != nil && !in.transform.NullValues {
		nulls = in.fields.probe.column.Nulls
	}
	for ; row < rows; row++ {
		in.record.row = row
		in.emitter.begin(row)
		if hasFields {
			if guest.Set(nulls, row) {
				in.emitter.reject(nullValue)
				continue
			}
			in.fields.load(row)
		}
		if err := each(&in.record, &in.emitter, &in.settings); err != nil {
			rejection, failure := judge(err)
			if failure != nil {
				return row, failure
			}
			in.emitter.reject(rejection)
		}
		if in.view.borrowed {
			in.view.release()
		}
	}
	return rows, nil
}

// caught makes of a panic a rejection of the record that is at hand.
func (in *instance[F, S]) caught(caught any) error {
	if mistake, ok := caught.(misuse); ok {
		return &Failure{err: errors.New(string(mistake))}
	}
	Logf(LevelError, "panic: %v\n%s", caught, debug.Stack())
	in.emitter.reject(&Rejection{Code: "error", Reason: fmt.Sprint(caught)})
	if in.view.borrowed {
		in.view.release()
	}
	return nil
}

func (in *instance[F, S]) batch() (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			if mistake, ok := caught.(misuse); ok {
				err = errors.New(string(mistake))
				return
			}
			Logf(LevelError, "panic: %v\n%s", caught, debug.Stack())
			err = fmt.Errorf("panic: %v", caught)
		}
	}()
	err = in.transform.Batch(&Batch[F]{view: &in.view, fields: &in.record.Fields}, &Plan{plan: &in.plan}, &in.settings)
	return err
}

// misuse is what the SDK panics with where the program contradicts itself: no record is to blame, so that the batch fails.
type misuse string
