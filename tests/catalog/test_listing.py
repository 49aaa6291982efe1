"""Which names are shown to whom: three lists with three rules."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ADMINISTRATOR, ANONYMOUS, Collection, Experiment, Role, User

Flags = tuple[bool, bool, bool]
"""Whether a resource is public, readable by bob, and marked."""

flags = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=5)


def populated(parent_public: bool, children: list[Flags]) -> tuple[Catalog, Collection, Experiment, User]:
    """A catalog with children of these flags on all three levels."""
    catalog = Catalog.open("sqlite://")
    catalog.prepare()
    ann, bob = catalog.users.create("ann", roles=[Role.RESOURCE_MANAGER]), catalog.users.create("bob")
    resources = catalog.resources
    frame = resources.create_frame(
        "f", ann, start=(0, 0, 0), stop=(1, 2, 3), voxel_size=(1, 1, 1), voxel_unit="nanometers"
    )
    parent = resources.create_collection("parent", ann, public=parent_public)
    experiment = resources.create_experiment(parent, "parent", ann, frame=frame, public=parent_public)
    for i, (public, readable, marked) in enumerate(children):
        made = (
            resources.create_collection(f"n{i}", ann, public=public),
            resources.create_experiment(parent, f"n{i}", ann, frame=frame, public=public),
            resources.create_channel(
                experiment,
                f"n{i}",
                ann,
                type="image",
                datatype="uint8",
                block_shape=(1, 2, 3),
                chunk_shape=(1, 2, 3),
                path=f"n{i}",
                public=public,
            ),
        )
        for resource in made:
            # Something that is not ``read`` shows nothing.
            catalog.permissions.grant("bob-primary", resource, ["read"] if readable else ["update"])
        if marked:
            resources.delete_collection(f"n{i}")
            resources.delete_experiment(made[1])
            resources.delete_channel(made[2])
    return catalog, parent, experiment, bob


@settings(max_examples=20)
@given(st.booleans(), flags)
def test_each_list_shows_what_its_rule_says(parent_public: bool, children: list[Flags]) -> None:
    catalog, parent, experiment, bob = populated(parent_public, children)
    resources = catalog.resources
    unmarked = [(f"n{i}", public, readable) for i, (public, readable, marked) in enumerate(children) if not marked]
    every = [name for name, _, _ in unmarked]
    for user, reads in ((bob, False), (ANONYMOUS, False), (catalog.users.get(ADMINISTRATOR), True)):
        mine = [name for name, _, readable in unmarked if reads or (readable and user == bob)]
        seen = [name for name, public, _ in unmarked if public or name in mine]
        own = ["parent"] if reads or parent_public else []
        named = every if parent_public else mine
        experiments_own = ["parent"] if parent_public or reads else []
        assert resources.collection_names(user) == own + seen
        assert resources.visible_experiment_names(parent, user) == experiments_own + seen
        assert resources.readable_experiment_names(parent, user) == experiments_own + named
        assert resources.visible_channel_names(experiment, user) == seen
        assert resources.readable_channel_names(experiment, user) == named
    assert resources.experiment_names(parent) == ["parent", *every]
    assert resources.channel_names(experiment) == every
    catalog.close()


def test_frames_are_listed_for_everybody_or_by_owner(catalog: Catalog, ann: User, bob: User) -> None:
    for name, owner in (("z", ann), ("a", bob), ("m", ann)):
        catalog.resources.create_frame(
            name, owner, start=(0, 0, 0), stop=(1, 2, 3), voxel_size=(1, 1, 1), voxel_unit="nanometers"
        )
    assert catalog.resources.frame_names() == ["z", "a", "m"]
    assert catalog.resources.frame_names(ann) == ["z", "m"]
    catalog.resources.delete_frame("z")
    assert catalog.resources.frame_names(ann) == ["m"]
    assert catalog.resources.frame_names(ANONYMOUS) == []


def test_reading_by_way_of_any_group_shows(catalog: Catalog, ann: User, bob: User) -> None:
    collection = catalog.resources.create_collection("c", ann)
    catalog.groups.create("lab", ann)
    catalog.permissions.grant("lab", collection, ["read"])
    assert catalog.resources.collection_names(bob) == []
    catalog.groups.add_member("lab", "bob")
    assert catalog.resources.collection_names(bob) == ["c"]
    catalog.groups.remove_member("lab", "bob")
    catalog.permissions.grant("public", collection, ["read"])
    assert catalog.resources.collection_names(bob) == ["c"]
