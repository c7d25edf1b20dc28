package dev.hearth.store.standby;

import javax.sql.DataSource;

/**
 * A physical standby of the source.
 *
 * @param name for logs
 * @param connections to this one server, or through a pooler that pools by session or by
 *     transaction; best a pool with a short connection timeout and a statement timeout. Its role
 *     needs {@code pg_read_all_stats}
 */
public record Standby(String name, DataSource connections) {}
