module github.com/millstream/millstream/sdk/go

go 1.26
