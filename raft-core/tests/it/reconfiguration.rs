//! Random schedules with every kind of change of members, while messages, disks and servers fail,
//! leadership is transferred and logs are cut. After every step a small model checks the cluster.
//! When all faults have ended, it must serve again.

use crate::common::model::{ALL, Model, with_changes};
use crate::common::schedule::{act_with_changes, run};
use crate::common::{Cluster, Server, plain};
use proptest::prelude::*;
use raft_core::{NodeId, RoleKind, Settings, Standard};

/// Whether there is a leader, everything is committed, and every member has it.
fn serves(cluster: &Cluster) -> bool {
    let leads = |node: &&Server| node.role() == RoleKind::Leader;
    let leader = cluster.nodes.values().filter(leads);
    let Some(leader) = leader.max_by_key(|node| node.current_term()) else {
        return false;
    };
    let last = leader.log().last_index();
    let whole = |id: &NodeId| cluster.nodes[id].commit_index() == last;
    leader.configuration().members().iter().all(whole) && leader.commit_index() == last
}

/// Ends all faults. Some time later a proposal must be committed at every member.
fn heal(cluster: &mut Cluster, model: &mut Model) {
    cluster.instant_disk = true;
    for id in 1..=ALL {
        cluster.sync(id);
        cluster.sync_pieces(id);
    }
    for round in 0..3_000 {
        let next = (1..=ALL).min_by_key(|id| cluster.node(*id).deadline());
        let next = next.unwrap();
        cluster.timeout(next);
        if round % 20 == 0 && cluster.node(next).role() == RoleKind::Leader {
            cluster.propose(next);
        }
        cluster.deliver_all();
        model.judge(cluster).unwrap();
        if round >= 100 && serves(cluster) {
            return;
        }
    }
    let members: Vec<_> = (1..=ALL).map(|id| cluster.members(id)).collect();
    let status: String = cluster
        .status()
        .lines()
        .map(|line| format!("{line:.150}\n"))
        .collect();
    panic!("it does not serve: {members:?}\n{status}");
}

fn settings() -> impl Strategy<Value = Settings> {
    let careful = Settings {
        max_message_bytes: 50,
        window_bytes: 100,
        snapshot_piece_bytes: 20,
        ..Settings::default()
    };
    prop_oneof![Just(plain()), Just(careful)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_schedule_with_changes_of_members_is_safe_and_recovers(
        settings in settings(),
        founders in 3_u64..=4,
        acts in proptest::collection::vec(act_with_changes(ALL), 50..600),
    ) {
        let mut cluster = with_changes(Standard, founders, settings);
        let mut model = Model::default();
        for act in acts {
            run(&mut cluster, act);
            model.judge(&cluster).map_err(TestCaseError::fail)?;
        }
        heal(&mut cluster, &mut model);
    }
}
