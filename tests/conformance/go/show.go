package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// show is the value that a `show` asks for; nil is null.
func (i *instruction) show() ([]byte, error) {
	record := i.record
	switch i.at(1) {
	case "key":
		return record.Key(), nil
	case "value":
		return record.Value(), nil
	case "timestamp":
		return decimal(record.Timestamp()), nil
	case "offset":
		return decimal(record.Offset()), nil
	case "partition":
		return decimal(int64(record.Partition())), nil
	case "topic":
		return []byte(record.Topic()), nil
	case "headers":
		var lines [][]byte
		for name, value := range record.Headers() {
			lines = append(lines, []byte(name+"="+asWord(value)))
		}
		return bytes.Join(lines, []byte("\n")), nil
	case "last":
		value, _ := record.Header(word(i.at(2)))
		return value, nil
	case "field":
		return i.field()
	case "lookup":
		return i.lookup()
	case "setting":
		return i.setting()
	}
	return nil, fmt.Errorf("there is no %q to show", i.at(1))
}

func (i *instruction) field() ([]byte, error) {
	fields := &i.record.Fields
	switch i.at(2) {
	case "do":
		return text(fields.Do), nil
	case "text":
		return text(fields.Text), nil
	case "integer":
		return integer(fields.Integer), nil
	case "number":
		if fields.Number == nil {
			return nil, nil
		}
		return fmt.Appendf(nil, "%016x", math.Float64bits(*fields.Number)), nil
	case "boolean":
		if fields.Boolean == nil {
			return nil, nil
		}
		return strconv.AppendBool(nil, *fields.Boolean), nil
	case "raw":
		return fields.Raw, nil
	case "lenient":
		return integer(fields.Lenient), nil
	case "key":
		return text(fields.Key), nil
	case "header":
		return text(fields.Header), nil
	}
	return nil, fmt.Errorf("there is no field %q", i.at(2))
}

func (i *instruction) lookup() ([]byte, error) {
	fields := &i.record.Fields
	switch i.at(2) {
	case "by-key":
		return fields.ByKey, nil
	case "name":
		return text(fields.Name), nil
	case "by-number":
		return fields.ByNumber, nil
	}
	return nil, fmt.Errorf("there is no lookup %q", i.at(2))
}

func (i *instruction) setting() ([]byte, error) {
	switch i.at(2) {
	case "greeting":
		return []byte(i.settings.Greeting), nil
	case "limit":
		return decimal(i.settings.Limit), nil
	case "strict":
		return strconv.AppendBool(nil, i.settings.Strict), nil
	}
	return nil, fmt.Errorf("there is no setting %q", i.at(2))
}

func decimal(number int64) []byte {
	return strconv.AppendInt(nil, number, 10)
}

func text(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func integer(number *int64) []byte {
	if number == nil {
		return nil
	}
	return decimal(*number)
}

// asWord writes bytes as a word of a program.
func asWord(value []byte) string {
	if value == nil {
		return "~"
	}
	var made []byte
	for _, char := range value {
		switch {
		case 'A' <= char && char <= 'Z', 'a' <= char && char <= 'z', '0' <= char && char <= '9', char == '-', char == '_', char == '.':
			made = append(made, char)
		default:
			made = fmt.Appendf(made, "%%%02X", char)
		}
	}
	return string(made)
}
