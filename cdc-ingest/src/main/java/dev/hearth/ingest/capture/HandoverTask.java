package dev.hearth.ingest.capture;

import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresOffsetContext;
import io.debezium.connector.postgresql.PostgresPartition;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.connector.postgresql.spi.SlotCreationResult;
import io.debezium.pipeline.ChangeEventSourceCoordinator;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.LockSupport;

/**
 * Debezium's task with a pace of its own for reading the log, which otherwise is the poll interval
 * of a queue that we do not use, and with the receiver's word for how far the slot may move.
 */
public final class HandoverTask extends PostgresConnectorTask {
  /** How soon the stream is looked at again after it had nothing. */
  private static final Duration PACE = Duration.ofMillis(1);

  private String ticket = "";

  @Override
  public ChangeEventSourceCoordinator<PostgresPartition, PostgresOffsetContext> start(
      Configuration settings) {
    ticket = settings.getString(Handover.TICKET);
    return super.start(settings);
  }

  @Override
  protected ReplicationConnection buildReplicationConnection(
      PostgresConnection connection, PostgresSchema schema, PostgresConnectorConfig settings)
      throws SQLException {
    return new PacedConnection(
        super.buildReplicationConnection(connection, schema, settings), Handover.receiver(ticket));
  }

  private record PacedConnection(ReplicationConnection wrapped, LogEngine.Receiver receiver)
      implements ReplicationConnection {
    @Override
    public ReplicationStream startStreaming(WalPositionLocator position)
        throws SQLException, InterruptedException {
      return new PacedStream(wrapped.startStreaming(position), receiver);
    }

    @Override
    public ReplicationStream startStreaming(Lsn from, WalPositionLocator position)
        throws SQLException, InterruptedException {
      return new PacedStream(wrapped.startStreaming(from, position), receiver);
    }

    @Override
    public Optional<SlotCreationResult> createReplicationSlot() throws SQLException {
      return wrapped.createReplicationSlot();
    }

    @Override
    public void initConnection() throws SQLException, InterruptedException {
      wrapped.initConnection();
    }

    @Override
    public boolean isConnected() throws SQLException {
      return wrapped.isConnected();
    }

    @Override
    public void reconnect() throws SQLException {
      wrapped.reconnect();
    }

    @Override
    public void close() throws Exception {
      wrapped.close();
    }
  }

  private record PacedStream(ReplicationStream wrapped, LogEngine.Receiver receiver)
      implements ReplicationStream {
    /**
     * Waits here where there is nothing, and says that there was something: else the caller would
     * wait for a poll interval.
     */
    @Override
    public boolean readPending(ReplicationMessageProcessor processor)
        throws SQLException, InterruptedException {
      OptionalLong confirmed = receiver.confirmed();
      if (confirmed.isPresent()) {
        wrapped.flushLsn(Lsn.valueOf(confirmed.getAsLong()));
      }
      if (!wrapped.readPending(processor)) {
        LockSupport.parkNanos(PACE.toNanos());
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
      return true;
    }

    @Override
    public void read(ReplicationMessageProcessor processor)
        throws SQLException, InterruptedException {
      wrapped.read(processor);
    }

    @Override
    public void flushLsn(Lsn lsn) throws SQLException {
      wrapped.flushLsn(lsn);
    }

    @Override
    public Lsn lastReceivedLsn() {
      return wrapped.lastReceivedLsn();
    }

    @Override
    public Lsn startLsn() {
      return wrapped.startLsn();
    }

    @Override
    public void startKeepAlive(ExecutorService executor) {
      wrapped.startKeepAlive(executor);
    }

    @Override
    public void stopKeepAlive() {
      wrapped.stopKeepAlive();
    }

    @Override
    public void close() throws Exception {
      wrapped.close();
    }
  }
}
