package dev.hearth.client.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.client.LoadContext;
import dev.hearth.client.Loader;
import dev.hearth.sandbox.PostgresServer;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.Standby;
import dev.hearth.store.standby.StandbyReads.Settings;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Loads through a transaction pooler before two standbys, one of them behind: R14. */
class BehindAPoolerTest {
  private static final int CURRENT = 0;
  private static final int BEHIND = 1;
  private static final Settings IMPATIENT = new Settings(Duration.ZERO, Duration.ZERO);

  private static PostgresServer current;
  private static PostgresServer behind;

  private Source source;
  private TransactionPooler pooler;
  private HikariDataSource pooled;

  @BeforeAll
  static void startServers() {
    current = Source.sandbox().startStandby("current");
    behind = Source.sandbox().startStandby("behind");
  }

  @AfterAll
  static void stopServers() {
    Source.stopServers();
  }

  @BeforeEach
  void writeWhatOneStandbyHasNotReplayed() throws Exception {
    source = Source.open();
    behind.delayReplay(Duration.ZERO);
    Source.eventuallyReplayed(behind, source.flushed(source.primary()));
    behind.delayReplay(Duration.ofHours(1));
    Position c = source.write(source.primary(), "new");
    source.invalidate(c);
    Source.eventuallyReplayed(current, c);
    pooler = new TransactionPooler(current.port(), behind.port());
    pooled = source.pool(pooler.jdbcUrl(), "postgres");
    pooled.setMaximumPoolSize(1);
    try (Connection connection = pooled.getConnection()) {
      // Whatever a new connection asks is asked now.
      assertThat(connection.isValid(20)).isTrue();
    }
  }

  @AfterEach
  void close() throws Exception {
    source.close();
    pooler.close();
  }

  @Test
  void checkAndReadReachOneServerThatIsCurrent() {
    pooler.continueAt(CURRENT);

    source.cache().get(source.key(), source.loader(IMPATIENT, new Standby("pooled", pooled)));

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.loads("standby")).isEqualTo(1);
  }

  @Test
  void checkAndReadReachOneServerThatIsBehind() {
    pooler.continueAt(BEHIND);

    source.cache().get(source.key(), source.loader(IMPATIENT, new Standby("pooled", pooled)));

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.loads("primary")).isEqualTo(1);
    assertThat(source.refusals("behind")).isEqualTo(1);
  }

  @Test
  void checkAndReadInTwoTransactionsLeaveTheOldValue() {
    pooler.continueAt(CURRENT);

    source.cache().get(source.key(), checkingInATransactionOfItsOwn());

    assertThat(source.cached()).isEqualTo("old");
  }

  private Loader<String> checkingInATransactionOfItsOwn() {
    return new Loader<>() {
      @Override
      public Optional<String> load(String key) {
        throw new AssertionError("there is a lease");
      }

      @Override
      public Optional<String> load(String key, LoadContext context) throws Exception {
        try (Connection connection = pooled.getConnection()) {
          assertThat(Source.hasReplayed(connection, context.floor().orElseThrow())).isTrue();
          return Source.select(connection, key);
        }
      }
    };
  }
}
