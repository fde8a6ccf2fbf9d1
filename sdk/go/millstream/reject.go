package millstream

import (
	"errors"
	"unicode/utf8"
)

// Rejection is an error that rejects the record. It goes where the deployment sends failures, with this code and reason; the
// rest of the batch goes on. [Reject] makes one.
type Rejection struct {
	// For machines: a-z, 0-9 and '-', at most 64 bytes. It is made to fit: other characters become '-', none at all `error`.
	Code string
	// For people. What exceeds 1 KiB of it is cut.
	Reason string
}

// Error is the code and the reason: `no-user: user 7 is unknown`.
func (r *Rejection) Error() string {
	return r.Code + ": " + r.Reason
}

// Reject is an error that rejects the record, for a transform's function to return. Any other error rejects it as well, with the
// code `error`; one that wraps a rejection has its code.
func Reject(code, reason string) error {
	return &Rejection{Code: tidyCode(code), Reason: cutReason(reason)}
}

var nullValue = &Rejection{Code: "null-value", Reason: "the record has no value"}

// Failure is an error that fails the whole batch. [Transient] and [Permanent] make one.
type Failure struct {
	// Whether the batch may succeed later.
	Transient bool
	err       error
}

// Error is the text of the error that the batch fails for.
func (f *Failure) Error() string {
	if f.err == nil {
		return "no reason is given"
	}
	return f.err.Error()
}

// Unwrap is the error that the batch fails for.
func (f *Failure) Unwrap() error {
	return f.err
}

// Transient is an error that fails the batch for a reason that may pass: the host tries it again.
func Transient(err error) error {
	return &Failure{Transient: true, err: err}
}

// Permanent is an error that fails the batch for good: the host looks for the records that are to blame.
func Permanent(err error) error {
	return &Failure{err: err}
}

// judge is what an error of a record's function says: about the record, or about its batch.
func judge(err error) (*Rejection, error) {
	// Most are rejections as they were made; finding what is wrapped costs more.
	if rejection, ok := err.(*Rejection); ok {
		return rejection, nil
	}
	if failure := (*Failure)(nil); errors.As(err, &failure) {
		return nil, err
	}
	rejection := &Rejection{Code: "error", Reason: err.Error()}
	if wrapped := (*Rejection)(nil); errors.As(err, &wrapped) {
		rejection.Code = wrapped.Code
	}
	return rejection, nil
}

// failureOf is what an error says about a batch.
func failureOf(err error) *guestFailure {
	failure := &guestFailure{Message: err.Error()}
	if wrapped := (*Failure)(nil); errors.As(err, &wrapped) {
		failure.Transient = wrapped.Transient
	}
	return failure
}

// tidyCode keeps to the contract's alphabet and length: a code outside of them would fail the whole batch.
func tidyCode(code string) string {
	fits := func(char byte) bool {
		return 'a' <= char && char <= 'z' || '0' <= char && char <= '9' || char == '-'
	}
	tidy := len(code) != 0 && len(code) <= 64
	for i := 0; tidy && i < len(code); i++ {
		tidy = fits(code[i])
	}
	if tidy {
		return code
	}
	made := make([]byte, 0, 64)
	for _, char := range code {
		if len(made) == 64 {
			break
		}
		switch {
		case 'A' <= char && char <= 'Z':
			made = append(made, byte(char)+'a'-'A')
		case char < utf8.RuneSelf && fits(byte(char)):
			made = append(made, byte(char))
		default:
			made = append(made, '-')
		}
	}
	if len(made) == 0 {
		return "error"
	}
	return string(made)
}

// cutReason keeps to the contract's length.
func cutReason(reason string) string {
	return cutText(reason, 1024)
}
