//! Rendezvous hashing: where a key is at home.
//!
//! Every instance gets a score for the key, the highest wins (Thaler and Ravishankar, 1998). When an instance goes, only the keys that it
//! had won move, each to its second; when one comes, it takes only what it wins. No table, no ring, nothing to remember.
//!
//! The function is part of the contract: a conversation that is continued by a later version of ptych finds the same home. It is FNV-1a
//! over the key's bytes, mixed with the instance's index by the finaliser of splitmix64; a test holds it to fixed values. Whoever chooses
//! the keys can choose where they land: it spreads load and defends nothing.

use std::cmp::Reverse;

use crate::engine::ids::InstanceId;

/// The instances in the order in which this key prefers them.
pub fn preference(key: &str, instances: impl IntoIterator<Item = InstanceId>) -> Vec<InstanceId> {
    let key = fnv1a(key.as_bytes());
    let mut scored: Vec<(Reverse<u64>, InstanceId)> = instances
        .into_iter()
        .map(|instance| (Reverse(score(key, instance)), instance))
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(_, instance)| instance).collect()
}

/// The first of the preference.
pub fn home(key: &str, instances: impl IntoIterator<Item = InstanceId>) -> Option<InstanceId> {
    let key = fnv1a(key.as_bytes());
    let instances = instances.into_iter();
    instances.max_by_key(|&instance| (score(key, instance), Reverse(instance)))
}

fn score(key: u64, instance: InstanceId) -> u64 {
    mix(key ^ mix(u64::from(instance.0) + 1))
}

/// FNV-1a, 64 bits (draft-eastlake-fnv).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finaliser of splitmix64: every bit of the input moves about half of the output's.
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn instances(count: u32) -> impl Iterator<Item = InstanceId> + Clone {
        (0..count).map(InstanceId)
    }

    fn keys() -> Vec<String> {
        (0..10_000).map(|n| format!("key-{n}")).collect()
    }

    #[test]
    fn fnv_says_its_published_values() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    /// A change here moves every conversation that a later version continues.
    #[test]
    fn homes_are_the_same_in_every_version() {
        let homes: Vec<u32> = ["", "a", "main.rs", "Überblick", "user-42"]
            .iter()
            .map(|key| home(key, instances(5)).expect("five").0)
            .collect();
        assert_eq!(homes, [3, 4, 3, 3, 1]);
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter() {
        for key in keys().iter().take(100) {
            let forwards = preference(key, instances(7));
            let backwards = preference(key, instances(7).collect::<Vec<_>>().into_iter().rev());
            assert_eq!(forwards, backwards, "{key}");
            assert_eq!(home(key, instances(7)), Some(forwards[0]), "{key}");
        }
    }

    #[test]
    fn a_lost_instance_moves_only_its_own_keys() {
        let lost = InstanceId(3);
        for key in keys() {
            let before = home(&key, instances(7)).expect("seven");
            let after = home(&key, instances(7).filter(|&id| id != lost)).expect("six");
            assert!(before == lost || before == after, "{key}: {before} to {after}");
            assert_ne!(after, lost);
        }
    }

    #[test]
    fn keys_are_spread_evenly_also_those_that_a_lost_instance_had() {
        for count in [2, 3, 5, 10] {
            let mut homes: BTreeMap<InstanceId, usize> = BTreeMap::new();
            let mut heirs: BTreeMap<InstanceId, usize> = BTreeMap::new();
            for key in keys() {
                let order = preference(&key, instances(count));
                *homes.entry(order[0]).or_default() += 1;
                if order[0] == InstanceId(0) {
                    *heirs.entry(order[1]).or_default() += 1;
                }
            }
            within(&homes, 10_000 / count as usize, 15);
            let moved = homes[&InstanceId(0)];
            within(&heirs, moved / (count as usize - 1), 30);
        }
    }

    fn within(found: &BTreeMap<InstanceId, usize>, fair: usize, percent: usize) {
        for (instance, &keys) in found {
            assert!(
                keys.abs_diff(fair) * 100 <= fair * percent,
                "{instance} has {keys}, fair were {fair}: {found:?}"
            );
        }
    }
}
