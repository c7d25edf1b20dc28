package dev.hearth.store.redis;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RedisUnderTest;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What Redis adds to the contract: scripts, types, and a server that comes back another. */
class RedisDeliveryTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);

  private final RedisUnderTest server = new RedisUnderTest();
  private final FencedStore store = server.connect(HOUR, LeaseToken::random);
  private final DeliveryTarget delivery = server.connectForDelivery(() -> 1);

  @BeforeEach
  void begin() {
    delivery.open(PARTITION);
    apply(round().watermark(1, 100, 110).offset(5));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  /** The new server never did what the old one was told, whatever the pipeline has in flight. */
  @Test
  void aDeliveryDoesNotFollowAServerThatCameBackAnother() {
    server.sandbox().redis().kill();
    server.sandbox().redis().start();

    assertThatThrownBy(() -> apply(round().keys(KEY).ceiling(1, 200).offset(6)))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageStartingWith("store cache did not take a round: ");
    assertThatThrownBy(() -> apply(round().keys(KEY).ceiling(1, 200).offset(6)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("partition " + PARTITION + " is not open; open it before a round is applied");

    assertThat(delivery.open(PARTITION)).isEmpty();
    assertThat(apply(round().watermark(1, 210, 220).offset(7))).isEqualTo(RoundOutcome.APPLIED);
  }

  @Test
  void saysThatAServerIsDownAndGoesOnWhenItIsUp() {
    server.sandbox().redis().kill();

    assertThatThrownBy(() -> delivery.open(PARTITION))
        .isInstanceOf(StoreUnavailableException.class);
    assertThatThrownBy(() -> delivery.open(PARTITION))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageStartingWith("store cache: no Redis server can be reached at 127.0.0.1:");
    assertThatThrownBy(() -> join(store.get(KEY)))
        .hasCauseInstanceOf(StoreUnavailableException.class);

    server.sandbox().redis().start();
    assertThat(delivery.open(PARTITION)).isEmpty();
  }

  @Test
  void sendsItsScriptsAgainToAServerThatForgotThem() {
    fill(KEY);
    server.redis().scriptFlush();
    apply(round().keys(KEY).ceiling(1, 200).offset(6));
    server.redis().scriptFlush();

    assertThat(fill(KEY)).isEqualTo(FillOutcome.STORED);
  }

  @Test
  void overwritesWhatIsNoString() {
    byte[] key = KEY.key().getBytes(StandardCharsets.UTF_8);
    server.redis().rpush(key, new byte[] {1});

    Lease lease = ((ReadOutcome.Granted) join(store.get(KEY))).lease();
    server.redis().del(new byte[][] {key});
    server.redis().rpush(key, new byte[] {1});

    assertThat(join(store.fill(KEY, lease, Value.absent(), HOUR)))
        .isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(fill(KEY)).isEqualTo(FillOutcome.STORED);
  }

  @Test
  void doesNotListItsOwnRecordsAsKeysOfACache() {
    fill(KEY);

    assertThat(store.keys("products", "")).containsExactly(KEY.key());
  }

  private FillOutcome fill(CacheKey key) {
    Lease lease = ((ReadOutcome.Granted) join(store.get(key))).lease();
    return join(store.fill(key, lease, Value.absent(), HOUR));
  }

  private RoundOutcome apply(RoundBuilder round) {
    return requireNonNull(delivery.apply(List.of(round.build())).get(PARTITION));
  }

  private static RoundBuilder round() {
    return new RoundBuilder(PARTITION);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
