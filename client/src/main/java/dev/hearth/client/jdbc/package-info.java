/** Loaders over JDBC that read on standbys where that is as good as on the primary. */
@org.jspecify.annotations.NullMarked
package dev.hearth.client.jdbc;
