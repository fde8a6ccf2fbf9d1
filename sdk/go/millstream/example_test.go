package millstream_test

import (
	"errors"
	"fmt"

	"github.com/millstream/millstream/sdk/go/millstream"
	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

// print shows what became of some records.
func print(test millstreamtest.Test, inputs ...millstreamtest.Input) {
	outcome, err := test.Try(inputs...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, emitted := range outcome.Emitted {
		fmt.Printf("%d to %s: %s", emitted.Row, emitted.Output, emitted.Value)
		for _, header := range emitted.Headers {
			fmt.Printf(" %s=%s", header.Name, header.Value)
		}
		fmt.Println()
	}
	for _, rejected := range outcome.Rejected {
		fmt.Printf("%d rejected: %s: %s\n", rejected.Row, rejected.Code, rejected.Reason)
	}
}

const (
	Likes millstream.Output = iota
	Passes
)

type Swipe struct {
	Direction string `ms:"/direction"`
}

var route = millstream.Transform[Swipe, millstream.None]{
	Outputs: []string{Likes: "likes", Passes: "passes"},
	Record: func(swipe *millstream.Record[Swipe], out *millstream.Emitter, _ *millstream.None) error {
		switch swipe.Fields.Direction {
		case "right":
			out.Forward(Likes)
		case "left":
			out.Forward(Passes)
		default:
			return millstream.Reject("unknown-direction", swipe.Fields.Direction+" is neither left nor right")
		}
		return nil
	},
}

func Example() {
	// In a main package an init function calls millstream.Register(route).
	print(millstreamtest.New(route), millstreamtest.Values(`{"direction":"left"}`, `{"direction":"up"}`, `{"direction":"right"}`)...)
	// Output:
	// 0 to passes: {"direction":"left"}
	// 2 to likes: {"direction":"right"}
	// 1 rejected: unknown-direction: up is neither left nor right
}

func ExampleEmission_ExtendJSON() {
	type settings struct {
		Region string
	}
	enrich := millstream.Transform[millstream.None, settings]{
		Outputs: []string{"enriched"},
		Reads:   millstream.Values,
		Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, s *settings) error {
			added := struct {
				Region string `json:"region"`
			}{s.Region}
			return out.Emit(0).HeaderText("region", s.Region).ExtendJSON(added)
		},
	}
	print(millstreamtest.New(enrich).Setting("region", "eu"), millstreamtest.Value(`{"user": "ann", "user": 2}`))
	// Output:
	// 0 to enriched: {"user": "ann", "user": 2,"region":"eu"} region=eu
}

func ExampleRecord_Headers() {
	strip := millstream.Transform[millstream.None, millstream.None]{
		Outputs: []string{"stripped"},
		Reads:   millstream.Headers,
		Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, _ *millstream.None) error {
			var kept []millstream.Header
			for name, value := range record.Headers() {
				if name != "cookie" {
					kept = append(kept, millstream.Header{Name: name, Value: value})
				}
			}
			out.Emit(0).Headers(kept...)
			return nil
		},
	}
	print(millstreamtest.New(strip), millstreamtest.Value("page").Header("trace", "1").Header("cookie", "secret"))
	// Output:
	// 0 to stripped: page trace=1
}

func ExampleRecord_Get() {
	const users millstream.Table = 0
	join := millstream.Transform[millstream.None, millstream.None]{
		Outputs: []string{"joined"},
		Reads:   millstream.Keys,
		Tables:  []string{users: "users"},
		Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, _ *millstream.None) error {
			user := record.Get(users, record.Key())
			if user == nil {
				return millstream.Reject("unknown-user", "nobody is called "+string(record.Key()))
			}
			out.Emit(0).Value(user)
			return nil
		},
	}
	test := millstreamtest.New(join).Table("users", map[string]string{"ann": `{"country":"DE"}`})
	print(test, millstreamtest.Null().Key("ann"), millstreamtest.Null().Key("bob"))
	// Output:
	// 0 to joined: {"country":"DE"}
	// 1 rejected: unknown-user: nobody is called bob
}

func ExampleTransient() {
	ask := millstream.Transform[millstream.None, millstream.None]{
		Outputs: []string{"asked"},
		Record: func(*millstream.Record[millstream.None], *millstream.Emitter, *millstream.None) error {
			return millstream.Transient(errors.New("the table is not loaded yet"))
		},
	}
	print(millstreamtest.New(ask), millstreamtest.Value(""))
	// Output:
	// the batch failed, transient: the table is not loaded yet
}

func ExampleBatch() {
	// Keeps the values that begin with a brace.
	objects := millstream.Transform[millstream.None, millstream.None]{
		Outputs: []string{"objects"},
		Reads:   millstream.Values,
		Batch: func(batch *millstream.Batch[millstream.None], plan *millstream.Plan, _ *millstream.None) error {
			for row, value := range batch.Values().All() {
				if len(value) != 0 && value[0] == '{' {
					plan.Forward(row, 0)
				}
			}
			return nil
		},
	}
	print(millstreamtest.New(objects), millstreamtest.Values("{}", "[]", "")...)
	// Output:
	// 0 to objects: {}
}

type Blocklist struct {
	Names   []string
	blocked map[string]bool
}

func (b *Blocklist) Init() error {
	if len(b.Names) == 0 {
		return errors.New("`names` names nobody")
	}
	b.blocked = map[string]bool{}
	for _, name := range b.Names {
		b.blocked[name] = true
	}
	return nil
}

func ExampleInitializer() {
	block := millstream.Transform[millstream.None, Blocklist]{
		Outputs: []string{"allowed"},
		Reads:   millstream.Keys,
		Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, list *Blocklist) error {
			if !list.blocked[string(record.Key())] {
				out.Forward(0)
			}
			return nil
		},
	}
	print(millstreamtest.New(block).Setting("names", "eve, mallory"), millstreamtest.Value("a").Key("eve"), millstreamtest.Value("b").Key("ann"))
	fmt.Println(millstreamtest.New(block).Configure())
	// Output:
	// 1 to allowed: b
	// setting `names` is missing: it is a list with commas, where each is a text
}
