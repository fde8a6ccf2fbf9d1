package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/millstream/millstream/sdk/go/millstream"
)

// instruction is one line of a record's program, in words.
type instruction struct {
	record   *Record
	out      *millstream.Emitter
	settings *Settings
	words    []string
}

// at is a word as it stands in the line; "" past its end.
func (i *instruction) at(n int) string {
	if n < len(i.words) {
		return i.words[n]
	}
	return ""
}

// text is what the words from this one on say: the last thing that a line has may hold spaces.
func (i *instruction) text(from int) string {
	if from >= len(i.words) {
		return ""
	}
	return word(strings.Join(i.words[from:], " "))
}

func (i *instruction) output() (millstream.Output, error) {
	output := slices.Index(outputs, word(i.at(1)))
	if output < 0 {
		return 0, fmt.Errorf("there is no output %q", i.at(1))
	}
	return millstream.Output(output), nil
}

func (i *instruction) carryOut() error {
	switch i.at(0) {
	case "forward":
		output, err := i.output()
		if err == nil {
			i.out.Forward(output)
		}
		return err
	case "emit":
		return i.emit()
	case "drop":
		i.out.Drop()
		return nil
	case "reject":
		return millstream.Reject(word(i.at(1)), i.text(2))
	case "fail":
		if i.at(1) == "transient" {
			return millstream.Transient(errors.New(i.text(2)))
		}
		return millstream.Permanent(errors.New(i.text(2)))
	case "count":
		by, err := strconv.ParseUint(i.at(2), 10, 64)
		if counter := slices.Index(counters, i.at(1)); err == nil && counter >= 0 {
			i.out.Count(millstream.Counter(counter), by)
		}
		return err
	case "log":
		levels := []string{"debug", "info", "warn", "error"}
		millstream.Log(millstream.Level(slices.Index(levels, i.at(1))), i.text(2))
		return nil
	case "get":
		table := slices.Index(tables, i.at(1))
		if table < 0 {
			return fmt.Errorf("there is no table %q", i.at(1))
		}
		i.out.Emit(A).Value(i.record.Get(millstream.Table(table), nullable(i.at(2))))
		return nil
	case "show":
		value, err := i.show()
		if err == nil {
			i.out.Emit(A).Value(value)
		}
		return err
	}
	return millstream.Reject("unknown-instruction", word(i.at(0)))
}

func (i *instruction) emit() error {
	output, err := i.output()
	if err != nil {
		return err
	}
	var instead []millstream.Header
	replaced := false
	emission := i.out.Emit(output)
	for _, change := range i.words[2:] {
		name, value, _ := strings.Cut(change, "=")
		kind, name, _ := strings.Cut(name, ":")
		switch kind {
		case "key":
			emission.Key(nullable(value))
		case "value":
			emission.Value(nullable(value))
		case "headers":
			replaced = true
		case "set":
			replaced = true
			instead = append(instead, millstream.Header{Name: word(name), Value: nullable(value)})
		case "add":
			emission.Header(word(name), nullable(value))
		case "timestamp":
			at, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return err
			}
			emission.Timestamp(at)
		case "partition":
			partition, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				return err
			}
			emission.Partition(int32(partition))
		default:
			return fmt.Errorf("there is no change %q", change)
		}
	}
	if replaced {
		emission.Headers(instead...)
	}
	return nil
}
