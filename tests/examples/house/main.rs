//! Prints the house: the crates from the roof down with their size and their imports, then the
//! files that import each other in a circle.

mod drawing;

use std::path::Path;

use drawing::House;

fn main() {
    let house = House::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")));
    println!("floor\n{}", house.draw());
    for circle in house.circles() {
        let where_to = match circle.spans_folders() {
            true => "ACROSS FOLDERS",
            false => "in one folder",
        };
        println!("{where_to}: {}: {}", circle.of, circle.files.join(", "));
    }
}
