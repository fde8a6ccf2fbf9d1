//! Which partition a key belongs to, exactly as Kafka's Java client decides it.
//!
//! Records go to explicit partitions, so librdkafka's own partitioner never runs. An empty key is a key; a record
//! without one is the caller's business (it keeps those of one batch together).

/// Murmur2 as Kafka's Java client computes it, as Java's signed int.
#[inline]
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    // Java's int arithmetic wraps, the length included.
    let mut h: u32 = SEED ^ (data.len() as u32);
    let mut words = data.chunks_exact(4);
    for word in words.by_ref() {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    if rest.len() == 3 {
        h ^= u32::from(rest[2]) << 16;
    }
    if rest.len() >= 2 {
        h ^= u32::from(rest[1]) << 8;
    }
    if !rest.is_empty() {
        h ^= u32::from(rest[0]);
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^= h >> 15;
    h as i32
}

/// The partition of `key` among `partitions` (a positive count), as Java's default partitioner chooses it.
#[inline]
pub fn partition_for(key: &[u8], partitions: i32) -> i32 {
    // `Utils.toPositive` clears the sign bit rather than taking the absolute value.
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_where_the_java_client_sends_them() {
        let mut checked = 0;
        for line in include_str!("partitioner/java.csv")
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let mut fields = line.split(',');
            let hex = fields.next().unwrap();
            let key: Vec<u8> = (0..hex.len() / 2)
                .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
                .collect();
            let numbers: Vec<i32> = fields.map(|field| field.parse().unwrap()).collect();
            assert_eq!(murmur2(&key), numbers[0], "{hex}");
            for (partitions, expected) in [1, 3, 12, 64, 1000].into_iter().zip(&numbers[1..]) {
                assert_eq!(
                    partition_for(&key, partitions),
                    *expected,
                    "{hex} of {partitions}"
                );
            }
            checked += 1;
        }
        assert_eq!(checked, 79);
    }
}
