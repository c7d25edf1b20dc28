package dev.hearth.ingest.capture;

import io.debezium.connector.postgresql.PostgresConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's connector, with our task. */
public final class HandoverConnector extends PostgresConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return HandoverTask.class;
  }
}
