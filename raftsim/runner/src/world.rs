//! The world that a scenario runs in, at time 0.

use scenario::Resolved;
use simulator::{NodeId, Plan, World};
use sut::{Config, Image, Server, Variant};

use crate::convert::{options, pace, quality, settings, spans};
use crate::workload::KvWorkload;

/// The world that scenarios run in.
pub type KvWorld = World<Server, KvWorkload>;

/// Builds the world at time 0.
///
/// # Panics
/// If the checked scenario is invalid.
#[must_use]
pub fn build(scenario: &Resolved, variant: &Variant) -> KvWorld {
    let plan = Plan {
        seed: scenario.seed,
        links: quality(&scenario.network),
        client_links: quality(&scenario.client_network),
        sync: spans(scenario.disk.sync),
        clients: vec![pace(&scenario.clients); scenario.clients.count as usize],
    };
    let workload = KvWorkload::new(
        &scenario.clients,
        scenario.machine.session_timeout.is_some(),
    );
    World::new(&plan, members(scenario, variant), workload)
}

/// The servers at time 0, each with its disk.
pub(crate) fn members(scenario: &Resolved, variant: &Variant) -> Vec<(Config, Image)> {
    let count = u32::try_from(scenario.nodes.len()).expect("a checked scenario has few nodes");
    let founders = scenario.founders();
    let member = |place| {
        let config = Config {
            options: options(&scenario.machine),
            variant: variant.clone(),
            settings: settings(&scenario.raft, &scenario.nodes[place as usize]),
            configuration: founders.known_to(NodeId(place)),
        };
        (config, Image::default())
    };
    (0..count).map(member).collect()
}
