module github.com/millstream/millstream/tests/bench/sdks/go/field

go 1.26

require github.com/millstream/millstream/sdk/go v0.1.0

replace github.com/millstream/millstream/sdk/go => ../../../../../sdk/go
