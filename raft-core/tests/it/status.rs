//! A server's status agrees with its methods.

use crate::common::Cluster;
use raft_core::{Index, NodeId, ProgressState, RoleKind, Settings};

#[test]
fn a_leaders_status_shows_its_followers_and_a_followers_its_leader() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let leader = cluster.node(1).status();
    assert_eq!(
        (leader.role, leader.leader),
        (RoleKind::Leader, Some(NodeId(1)))
    );
    assert_eq!(
        (leader.last.index, leader.commit_index),
        (Index(2), Index(1))
    );
    assert_eq!(leader.uncommitted_bytes, 10);
    let peers: Vec<_> = leader
        .peers
        .iter()
        .map(|peer| (peer.id.0, peer.pace))
        .collect();
    assert_eq!(
        peers,
        [(2, ProgressState::Replicate), (3, ProgressState::Replicate)]
    );
    assert!(leader.peers.iter().all(|peer| peer.messages_under_way > 0));
    cluster.deliver_all();
    let follower = cluster.node(2).status();
    assert_eq!(
        (follower.role, follower.leader),
        (RoleKind::Follower, Some(NodeId(1)))
    );
    assert_eq!(
        follower.configuration.voters,
        [NodeId(1), NodeId(2), NodeId(3)]
    );
    assert!(follower.peers.is_empty() && follower.lease_until.is_none());
}
