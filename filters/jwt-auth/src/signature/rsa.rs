//! RSA verification (RFC 8017 §8): the public operation and its two paddings.
//!
//! Own code for its size and speed, not for its charm: with a public exponent and nothing secret it is one page, 4 KB of
//! wasm that every worker's V8 compiles, against 80 KB with `crypto-bigint` or `rsa`, and it takes half the time. The
//! tests hold it against signatures made by OpenSSL and by the `rsa` crate, for every kind of modulus.

use portcullis_control::surroundings::Hash;

use crate::algorithm::hash_bytes;
use crate::der::{SEQUENCE, write};
use crate::key::RsaKey;
use crate::signature::digest;

/// RSASSA-PKCS1-v1_5 (§8.2.2): the padded message is built and compared, never parsed, as parsers were what let forged
/// signatures of small exponents through (CVE-2006-4339).
pub(super) fn verify_pkcs1(key: &RsaKey, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let number = match hash {
        Hash::Sha256 => 1,
        Hash::Sha384 => 2,
        Hash::Sha512 => 3,
    };
    let hashed = digest(hash, &[message]);
    // DigestInfo (§9.2): AlgorithmIdentifier { 2.16.840.1.101.3.4.2.number, NULL }, OCTET STRING.
    let algorithm =
        [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number, 0x05, 0x00];
    let info = write(SEQUENCE, &[write(SEQUENCE, &algorithm), write(0x04, &hashed)].concat());
    let Some(padding) = key.modulus.len().checked_sub(info.len() + 3) else { return false };
    let mut expected = vec![0x00, 0x01];
    expected.resize(padding + 2, 0xff);
    expected.push(0x00);
    expected.extend_from_slice(&info);
    public_operation(key, signature).is_some_and(|found| found == expected)
}

/// RSASSA-PSS (§8.1.2) with MGF1 over the same hash and a salt as long as the hash, as RFC 7518 §3.5 has it.
pub(super) fn verify_pss(key: &RsaKey, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    public_operation(key, signature)
        .and_then(|encoded| pss_is_consistent(key, hash, message, &encoded))
        .unwrap_or(false)
}

/// EMSA-PSS-VERIFY (§9.1.2); `None` is 'inconsistent' as well.
fn pss_is_consistent(key: &RsaKey, hash: Hash, message: &[u8], encoded: &[u8]) -> Option<bool> {
    let hash_length = hash_bytes(hash);
    // The encoded message has one bit less than the modulus: where that is a whole number of bytes, one byte less.
    let unused_bits = key.modulus.first()?.leading_zeros() + 1;
    let (encoded, unused_bits) = match (unused_bits, encoded) {
        (8, [0, encoded @ ..]) => (encoded, 0),
        (8, _) => return None,
        (bits, encoded) => (encoded, bits),
    };
    let (encoded, [0xbc]) = encoded.split_last_chunk::<1>()? else { return None };
    let (masked, seed) = encoded.split_at_checked(encoded.len().checked_sub(hash_length)?)?;
    let top_mask = 0xffu8 >> unused_bits;
    if masked.first()? & !top_mask != 0 {
        return None;
    }
    let mut block: Vec<u8> = masked
        .iter()
        .zip(mask(hash, seed, masked.len()))
        .map(|(left, right)| left ^ right)
        .collect();
    *block.first_mut()? &= top_mask;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(hash_length)?)?;
    let ([1], zeros) = padding.split_last_chunk::<1>().map(|(zeros, one)| (one, zeros))? else {
        return None;
    };
    if zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some(*digest(hash, &[&[0; 8], &digest(hash, &[message]), salt]) == *seed)
}

/// MGF1 (§B.2.1).
fn mask(hash: Hash, seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0u32..).map(|counter| digest(hash, &[seed, &counter.to_be_bytes()]));
    let mut out: Vec<u8> = blocks.take(length.div_ceil(hash_bytes(hash))).flatten().collect();
    out.truncate(length);
    out
}

/// RSAVP1 (§5.2.2) and I2OSP: the signature raised to the public exponent, as many bytes as the modulus has; `None`
/// for a signature of another length or not below the modulus.
fn public_operation(key: &RsaKey, signature: &[u8]) -> Option<Vec<u8>> {
    if signature.len() != key.modulus.len() {
        return None;
    }
    let signature_bytes = signature.len();
    let modulus = &key.montgomery;
    let signature = limbs(signature);
    if is_not_below(&signature, &modulus.limbs) {
        return None;
    }
    let base = modulus.product(&signature, &modulus.radix_squared);
    let mut power = base.clone();
    // Left to right, from behind the exponent's top bit, which `power` starts with.
    for bit in (0..key.exponent.checked_ilog2()?).rev() {
        power = modulus.product(&power, &power);
        if key.exponent >> bit & 1 == 1 {
            power = modulus.product(&power, &base);
        }
    }
    let mut one = vec![0; modulus.limbs.len()];
    *one.first_mut()? = 1;
    let result = modulus.product(&power, &one);
    let mut bytes: Vec<u8> = result.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    Some(bytes.split_off(bytes.len().saturating_sub(signature_bytes)))
}

/// A modulus with what Montgomery's multiplication needs of it (Montgomery 1985), computed once a key. Numbers are
/// limbs, lowest first, as many as the modulus has, and below it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Modulus {
    limbs: Vec<u32>,
    /// -1 / modulus, modulo 2^32.
    negated_inverse: u32,
    /// 2^(2 · bits of all limbs), reduced.
    radix_squared: Vec<u32>,
}

impl Modulus {
    /// From big-endian bytes without leading zeros; `None` for an even number.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let limbs = limbs(bytes);
        let lowest = limbs.first().copied().filter(|lowest| lowest & 1 == 1)?;
        // Newton's iteration: each step doubles the bits that are right; 1 is right in 1 bit, and 5 steps make 32.
        let inverse =
            (0..5).fold(1u32, |x, _| x.wrapping_mul(2u32.wrapping_sub(lowest.wrapping_mul(x))));
        let radix_squared = radix_squared(&limbs);
        Some(Modulus { limbs, negated_inverse: inverse.wrapping_neg(), radix_squared })
    }

    /// left · right / 2^(bits of all limbs), reduced: both sums of the schoolbook go on together, one limb of `left` at
    /// a time, so that nothing grows longer than the modulus.
    fn product(&self, left: &[u32], right: &[u32]) -> Vec<u32> {
        let mut out = vec![0u32; self.limbs.len()];
        let mut top = 0;
        for &factor in left {
            let factor = u64::from(factor);
            let mut slots = out.iter_mut().zip(right).zip(&self.limbs);
            let Some(((mut previous, &right), &modulus)) = slots.next() else { return out };
            let sum = u64::from(*previous) + factor * u64::from(right);
            let fill = u64::from(low(sum).wrapping_mul(self.negated_inverse));
            let mut sum_carry = sum >> 32;
            let mut fill_carry = (u64::from(low(sum)) + fill * u64::from(modulus)) >> 32;
            for ((slot, &right), &modulus) in slots {
                let sum = u64::from(*slot) + factor * u64::from(right) + sum_carry;
                sum_carry = sum >> 32;
                let filled = u64::from(low(sum)) + fill * u64::from(modulus) + fill_carry;
                fill_carry = filled >> 32;
                *previous = low(filled);
                previous = slot;
            }
            let last = top + sum_carry + fill_carry;
            *previous = low(last);
            top = last >> 32;
        }
        if top != 0 || is_not_below(&out, &self.limbs) {
            subtract(&mut out, &self.limbs);
        }
        out
    }
}

/// 2^(2 · bits of all limbs), reduced: by doubling the modulus's own top bit, which is less than it.
fn radix_squared(modulus: &[u32]) -> Vec<u32> {
    let mut value = vec![0; modulus.len()];
    let mut doublings = modulus.len() * u32::BITS as usize;
    if let (Some(slot), Some(limb)) = (value.last_mut(), modulus.last()) {
        *slot = (1 << 31) >> limb.leading_zeros();
        doublings += limb.leading_zeros() as usize + 1;
    }
    for _ in 0..doublings {
        let mut carry = 0;
        for limb in &mut value {
            let top = *limb >> 31;
            *limb = *limb << 1 | carry;
            carry = top;
        }
        if carry != 0 || is_not_below(&value, modulus) {
            subtract(&mut value, modulus);
        }
    }
    value
}

/// The low half.
#[expect(clippy::cast_possible_truncation, reason = "cutting is what it is for")]
const fn low(value: u64) -> u32 {
    value as u32
}

/// Big-endian bytes as limbs, lowest first.
fn limbs(bytes: &[u8]) -> Vec<u32> {
    let limb = |chunk: &[u8]| chunk.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    bytes.rchunks(4).map(limb).collect()
}

/// left >= right, both of the same number of limbs.
fn is_not_below(left: &[u32], right: &[u32]) -> bool {
    left.iter().rev().ge(right.iter().rev())
}

/// left - right, modulo 2^(bits of all limbs).
fn subtract(left: &mut [u32], right: &[u32]) {
    let mut borrow = false;
    for (left, right) in left.iter_mut().zip(right) {
        let (difference, first) = left.overflowing_sub(*right);
        let (difference, second) = difference.overflowing_sub(u32::from(borrow));
        *left = difference;
        borrow = first || second;
    }
}
