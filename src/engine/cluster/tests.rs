use super::*;

#[test]
fn the_first_actions_start_the_instances() {
    let mut cluster = Cluster::new(ClusterOptions::new(3), Time::ZERO);
    let starts = std::iter::from_fn(|| cluster.poll_action())
        .filter(|action| matches!(action, Action::Start { .. }))
        .count();
    assert_eq!(starts, 3);
}
