"""What the engines are told: both of them by each connection, and the embedded one as it is opened."""

from typing import Any

from app.store.queries import SQL

ENGINE_SETTINGS: dict[str, Any] = {
    "async_insert": 0,  # newer engines switch it on; an acknowledged insert must be a stored one
    "insert_deduplicate": 0,  # a rewind puts the very same rows back: they must not be taken for repeats
    "deduplicate_blocks_in_dependent_materialized_views": 0,
    "materialized_views_ignore_errors": 0,
    "optimize_on_insert": 0,  # views group their rows already, and readers group them again: a quarter of a large insert's time for nothing
    "parallel_view_processing": 1,  # a block's rows are in all rollups a quarter sooner, where a core has nothing else to do
    "lightweight_deletes_sync": 2,
    "mutations_sync": 2,
    "select_sequential_consistency": 1,  # a writer must read its own writes on every replica
    "precise_float_parsing": 1,
    "max_partitions_per_insert_block": 1_000,
}
"""Of every connection, to either engine."""

EMBEDDED_ENGINE = {
    "background_pool_size": "16",  # of two, its default, deletes must wait for merges: a rewind then takes seconds, not 0.1 s
    "config-file": str(SQL / "embedded.xml"),
    "os_threads_nice_value_merge_mutate": "10",  # where the process may set it: a commit that merges begin during is not held up by them
}
"""How chDB is opened."""

EMBEDDED_SETTINGS = dict.fromkeys(("compile_expressions", "compile_aggregate_expressions", "compile_sort_description"), 0)
"""Machine code of a statement's sums, made when it comes a third time, takes 30 ms and more: no commit and no chart was faster for it."""
