package millstream

import "github.com/millstream/millstream/sdk/go/internal/guest"

// columnBuilder is a column under construction.
type columnBuilder struct {
	data []byte
	ends []uint32
	// Empty until the first null.
	nulls []byte
}

func (c *columnBuilder) push(entry []byte) {
	if entry == nil {
		c.pushNull()
		return
	}
	c.data = append(c.data, entry...)
	c.close()
}

func (c *columnBuilder) pushText(entry string) {
	c.data = append(c.data, entry...)
	c.close()
}

func (c *columnBuilder) pushNull() {
	entry := len(c.ends)
	for len(c.nulls) <= entry/8 {
		c.nulls = append(c.nulls, 0)
	}
	c.nulls[entry/8] |= 1 << (entry % 8)
	c.close()
}

// close makes an entry of what was appended to the data.
func (c *columnBuilder) close() {
	c.ends = append(c.ends, uint32(len(c.data)))
	if len(c.nulls) != 0 && len(c.nulls) < (len(c.ends)+7)/8 {
		c.nulls = append(c.nulls, 0)
	}
}

// truncate drops the entries from this one on, and what was appended to the data without becoming one.
func (c *columnBuilder) truncate(entries int) {
	entries = min(entries, len(c.ends))
	c.ends = c.ends[:entries]
	end := uint32(0)
	if entries != 0 {
		end = c.ends[entries-1]
	}
	c.data = c.data[:end]
	c.nulls = c.nulls[:min((entries+7)/8, len(c.nulls))]
	if len(c.nulls) != 0 && entries%8 != 0 {
		c.nulls[len(c.nulls)-1] &= 1<<(entries%8) - 1
	}
}

func (c *columnBuilder) column() guest.Column {
	return guest.Column{Data: c.data, Ends: guest.Bytes(c.ends), Nulls: c.nulls}
}

// positions are those of emitted records, strictly ascending.
type positions []uint32

// has tells whether this position, the last one so far, is there.
func (p positions) has(position uint32) bool {
	return len(p) != 0 && p[len(p)-1] == position
}

// truncateTo drops what is at this position and after; it answers how many remain.
func (p *positions) truncateTo(position uint32) int {
	n := len(*p)
	if position == 0 {
		n = 0
	}
	for n > 0 && (*p)[n-1] >= position {
		n--
	}
	*p = (*p)[:n]
	return n
}

// finish answers nil where every emitted record is changed.
func (p positions) finish(emitted uint32) []byte {
	if len(p) == int(emitted) {
		return nil
	}
	return guest.Bytes(p)
}

// bytesPatch is new keys or values of emitted records.
type bytesPatch struct {
	at positions
	to columnBuilder
}

// begin is before one entry is pushed: the new contents of the emitted record at this position, the last one so far.
func (b *bytesPatch) begin(position uint32) *columnBuilder {
	if b.at.has(position) {
		b.truncateTo(position)
	}
	b.at = append(b.at, position)
	return &b.to
}

func (b *bytesPatch) truncateTo(position uint32) {
	b.to.truncate(b.at.truncateTo(position))
}

func (b *bytesPatch) finish(emitted uint32) guest.ColumnPatch {
	if len(b.at) == 0 {
		return guest.ColumnPatch{}
	}
	return guest.ColumnPatch{Set: true, At: b.at.finish(emitted), To: b.to.column()}
}

// headersPatch is new or added headers of emitted records.
type headersPatch struct {
	at            positions
	ends          []uint32
	names, values columnBuilder
}

// begin begins an empty list for the emitted record at this position, the last one so far.
func (h *headersPatch) begin(position uint32) {
	if h.at.has(position) {
		h.truncateTo(position)
	}
	h.at = append(h.at, position)
	h.ends = append(h.ends, uint32(len(h.names.ends)))
}

// append adds to the list at this position, the last one so far, one header whose value the caller pushes.
func (h *headersPatch) append(position uint32, name string) *columnBuilder {
	if !h.at.has(position) {
		h.begin(position)
	}
	h.names.pushText(name)
	h.ends[len(h.ends)-1] = uint32(len(h.names.ends))
	return &h.values
}

func (h *headersPatch) truncateTo(position uint32) {
	left := h.at.truncateTo(position)
	if left == len(h.ends) {
		return
	}
	h.ends = h.ends[:left]
	entries := 0
	if left != 0 {
		entries = int(h.ends[left-1])
	}
	h.names.truncate(entries)
	h.values.truncate(entries)
}

func (h *headersPatch) finish(emitted uint32) guest.HeadersPatch {
	if len(h.at) == 0 {
		return guest.HeadersPatch{}
	}
	to := guest.Headers{Ends: guest.Bytes(h.ends), Names: h.names.column(), Values: h.values.column()}
	return guest.HeadersPatch{Set: true, At: h.at.finish(emitted), To: to}
}

// numbersPatch is new timestamps or partitions of emitted records.
type numbersPatch[N int32 | int64] struct {
	at positions
	to []N
}

func (n *numbersPatch[N]) set(position uint32, number N) {
	if n.at.has(position) {
		n.to[len(n.to)-1] = number
		return
	}
	n.at = append(n.at, position)
	n.to = append(n.to, number)
}

func (n *numbersPatch[N]) truncateTo(position uint32) {
	n.to = n.to[:n.at.truncateTo(position)]
}

func (n *numbersPatch[N]) finish(emitted uint32) guest.NumbersPatch {
	if len(n.at) == 0 {
		return guest.NumbersPatch{}
	}
	return guest.NumbersPatch{Set: true, At: n.at.finish(emitted), To: guest.Bytes(n.to)}
}
