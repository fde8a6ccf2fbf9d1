package millstreamtest

import "encoding/json"

// Input is a record to run a transform over. Its methods answer a changed copy.
type Input struct {
	key, value []byte
	headers    []header
	timestamp  int64
	offset     int64
	hasOffset  bool
}

type header struct {
	name  string
	value []byte
}

// Value is a record with this value, no key, no headers and the timestamp 0.
func Value(value string) Input {
	return Input{value: []byte(value)}
}

// JSON is a record whose value is this as JSON. It panics when the value has none.
func JSON(value any) Input {
	text, err := json.Marshal(value)
	if err != nil {
		panic("millstreamtest.JSON: " + err.Error())
	}
	return Input{value: text}
}

// Null is a record whose value is null.
func Null() Input {
	return Input{}
}

// Values are records with these values.
func Values(values ...string) []Input {
	inputs := make([]Input, len(values))
	for i, value := range values {
		inputs[i] = Value(value)
	}
	return inputs
}

// Key gives it a key.
func (in Input) Key(key string) Input {
	in.key = []byte(key)
	return in
}

// Header gives it one more header.
func (in Input) Header(name, value string) Input {
	return in.with(header{name, []byte(value)})
}

// NullHeader gives it one more header, whose value is null.
func (in Input) NullHeader(name string) Input {
	return in.with(header{name, nil})
}

func (in Input) with(one header) Input {
	in.headers = append(in.headers[:len(in.headers):len(in.headers)], one)
	return in
}

// Timestamp is in milliseconds since 1970-01-01T00:00Z; -1 is none.
func (in Input) Timestamp(milliseconds int64) Input {
	in.timestamp = milliseconds
	return in
}

// Offset is the record's offset in its partition; its row unless set.
func (in Input) Offset(offset int64) Input {
	in.offset, in.hasOffset = offset, true
	return in
}

// header is the value of the last header of this name; nil where it is null or there is none.
func (in *Input) header(name string) []byte {
	for i := len(in.headers) - 1; i >= 0; i-- {
		if in.headers[i].name == name {
			return in.headers[i].value
		}
	}
	return nil
}
