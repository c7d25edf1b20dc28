package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;
import java.time.Instant;

/**
 * A watermark in its partition.
 *
 * @param gateTime on the database's clock
 */
record Mark(int partition, Position position, Instant gateTime, long offset) {}
