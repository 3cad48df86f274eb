//! A server is small, so that tools can clone and explore whole clusters.

use core::mem::size_of;

use raft_core::{Effect, Message, Progress, Raft};

#[test]
fn a_server_of_a_cluster_of_five_stays_small() {
    let sizes = [
        ("Raft", size_of::<Raft>(), 1_024),
        ("Message", size_of::<Message>(), 96),
        ("Effect", size_of::<Effect>(), 112),
        ("Progress", size_of::<Progress>(), 96),
    ];
    for (name, size, most) in sizes {
        println!("{name}: {size} bytes");
        assert!(size <= most, "{name} has {size} bytes, more than {most}");
    }
}
