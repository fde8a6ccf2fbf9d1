package main

import (
	"bytes"
	"regexp"
)

// A domain ends with the last dot in it that two or more letters follow, and these.
var (
	email  = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
	digits = regexp.MustCompile(`[0-9](?:[ -]?[0-9])*`)
)

// appendWithoutEmails appends a text with `***` for what stands before the `@` of each address.
func appendWithoutEmails(to, text []byte, found *uint64) []byte {
	// Most texts have no address; to look for a byte is cheaper than to look for a pattern.
	if bytes.IndexByte(text, '@') < 0 {
		return append(to, text...)
	}
	return append(to, email.ReplaceAllFunc(text, func(email []byte) []byte {
		*found++
		_, domain, _ := bytes.Cut(email, []byte("@"))
		return append([]byte("***@"), domain...)
	})...)
}

// maskCards writes `*` over all digits of card numbers but the last four.
func maskCards(text []byte, found *uint64) {
	for _, at := range digits.FindAllIndex(text, -1) {
		start, end := at[0], at[1]
		isPartOfWord := start > 0 && isLetter(text[start-1]) || end < len(text) && isLetter(text[end])
		if isPartOfWord || !isCard(text[start:end]) {
			continue
		}
		*found++
		kept := 0
		for i := end - 1; i >= start; i-- {
			if !isDigit(text[i]) {
				continue
			}
			if kept++; kept > 4 {
				text[i] = '*'
			}
		}
	}
}

// isCard tells whether there are 13 to 19 digits, the last of which is Luhn's check digit of the others.
func isCard(text []byte) bool {
	count, sum := 0, 0
	for i := len(text) - 1; i >= 0; i-- {
		if !isDigit(text[i]) {
			continue
		}
		digit := int(text[i] - '0')
		if count%2 == 1 {
			digit *= 2
		}
		sum += digit/10 + digit%10
		count++
	}
	return 13 <= count && count <= 19 && sum%10 == 0
}

func isDigit(char byte) bool {
	return '0' <= char && char <= '9'
}

func isLetter(char byte) bool {
	return 'a' <= char|0x20 && char|0x20 <= 'z'
}
