//! What is tried of services and their state: an init system that only takes notes.

use crate::scenarios::SWITCH;
use crate::scenarios::sources;
use crate::world::World;

/// Two services, one of which has another program in the next generation, and the state of both.
fn services(world: &World, version: u32) {
    let data = world.path("other/data");
    world.manifest(&format!(
        "dgmo: 1\npackages:\n  alpha: {{path: pkgs/alpha-{version}}}\n  beta: {{path: pkgs/beta}}\n\
         services:\n  db: {{run: [beta]}}\n  web: {{run: [alpha], after: [db]}}\n\
         state:\n  data: {{path: {}, services: [web]}}\n",
        data.display()
    ));
}

pub(crate) fn with_services(world: &World) {
    sources(world);
    world.has_init();
    world.write("other/data/rows", "1\n", 0o640);
    world.write("other/data/deep/er", "er\n", 0o600);
    world.link("other/data/link", "rows");
    services(world, 1);
    world.run(SWITCH);
    services(world, 2);
}

pub(crate) fn after_services(world: &World) {
    with_services(world);
    world.run(SWITCH);
    world.write("other/data/rows", "2\n", 0o600);
    world.write("other/data/new", "new\n", 0o644);
    std::fs::remove_file(world.path("other/data/deep/er")).unwrap();
}
