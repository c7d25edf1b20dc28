/** Real PostgreSQL, Kafka, Redis and Hazelcast, started from Maven artifacts, without Docker. */
@NullMarked
package dev.hearth.sandbox;

import org.jspecify.annotations.NullMarked;
