//! Colours and lines, for light and dark.

/// The number of colours for terms, which then repeat. The number of a term is always written.
const TERMS: u64 = 7;

/// The style of all diagrams. Colours are those of Okabe and Ito, darkened or lightened until
/// lines have a contrast of 3:1 and texts one of 4.5:1.
pub(super) const CSS: &str = "
svg { background: #ffffff; font: 12px ui-sans-serif, system-ui, sans-serif; }
.paper { fill: #ffffff; } .ink { fill: #1f2328; } .dim { fill: #59636e; } .bad { fill: #b3101c; }
.halo { stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.title { font-size: 16px; font-weight: 600; } .name { font-size: 14px; font-weight: 600; }
.decided { font-weight: 600; } .told { font-style: italic; }
.time { font-variant-numeric: tabular-nums; font-size: 11px; }
.band { fill: #f0f2f5; } .alarm { fill: #ffebe9; }
.lane { stroke: currentColor; stroke-width: 2px; fill: none; }
.thin { stroke-width: 1.5px; } .dashed { stroke-dasharray: 7 4; } .dotted { stroke-dasharray: 2 4; }
.arrow { stroke: currentColor; stroke-width: 1.5px; fill: none; }
.flying { stroke-dasharray: 3 3; }
.solid { fill: currentColor; } .pill { fill: currentColor; } .on-pill { fill: #ffffff; font-size: 11px; }
.cross { stroke: #b3101c; stroke-width: 2.5px; fill: none; } .ring { stroke: #b3101c; stroke-width: 3px; fill: none; }
.t0 { color: #6a737d; } .t1 { color: #0068a3; } .t2 { color: #b84a00; } .t3 { color: #007a58; }
.t4 { color: #9c3f78; } .t5 { color: #856200; } .t6 { color: #5a4fcf; } .t7 { color: #006d77; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; }
.paper { fill: #0d1117; } .ink { fill: #e6edf3; } .dim { fill: #9198a1; } .bad { fill: #ff8078; }
.halo { stroke: #0d1117; }
.band { fill: #1c2128; } .alarm { fill: #3c1618; }
.on-pill { fill: #0d1117; }
.cross { stroke: #ff8078; } .ring { stroke: #ff8078; }
.t0 { color: #9198a1; } .t1 { color: #56b4e9; } .t2 { color: #ff9248; } .t3 { color: #2fc99b; }
.t4 { color: #e39ac4; } .t5 { color: #e6b422; } .t6 { color: #a79bff; } .t7 { color: #4fc7d1; }
}
";

/// The class that gives a term its colour.
pub(super) fn term(term: u64) -> String {
    match term.checked_sub(1) {
        None => "t0".to_owned(),
        Some(past) => format!("t{}", past % TERMS + 1),
    }
}
