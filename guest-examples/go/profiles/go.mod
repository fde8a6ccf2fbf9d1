module github.com/millstream/millstream/guest-examples/go/profiles

go 1.26

require github.com/millstream/millstream/sdk/go v0.1.0

// This repository's own; a project elsewhere has no such line.
replace github.com/millstream/millstream/sdk/go => ../../../sdk/go
