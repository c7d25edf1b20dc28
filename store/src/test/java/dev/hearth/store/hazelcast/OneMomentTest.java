package dev.hearth.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.map.IMap;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.CellCodec;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Decision;
import dev.hearth.store.FencedStore;
import dev.hearth.store.HazelcastUnderTest;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome.Hit;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * A Hazelcast partition that goes back, and is brought up to date again, over and over while it is
 * read. The stale entry never stands there together with an A that vouches against it, so nobody
 * who reads both at one moment may see the two together. Whoever reads one after the other does.
 */
class OneMomentTest {
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int CAUGHT = 20;
  private static final Duration BOUND = Duration.ofMinutes(1);
  private static final Position BEHIND = new Position(1, 100);
  private static final Position AHEAD = new Position(1, 200);
  private static final byte[] STALE = entry(BEHIND, "stale");
  private static final byte[] FRESH = entry(AHEAD, "fresh");

  @Test
  void aValueIsOfTheMomentOfTheAThatVouchesForIt() {
    try (HazelcastUnderTest server = new HazelcastUnderTest();
        FencedStore store = server.connect(Duration.ofMinutes(1), LeaseToken::random)) {
      IMap<String, Object> entries = server.member().getMap(StoreUnderTest.PREFIX + ".entries");
      AtomicBoolean stop = new AtomicBoolean();
      CompletableFuture<Void> loss =
          CompletableFuture.runAsync(
              () -> goBackAndForth(server, stop), command -> new Thread(command).start());

      int apart = 0;
      int together = 0;
      int fresh = 0;
      long deadline = System.nanoTime() + BOUND.toNanos();
      while ((apart < CAUGHT || fresh < CAUGHT) && System.nanoTime() - deadline < 0) {
        apart += isStale(readApart(server, entries)) ? 1 : 0;
        Optional<Hit> hit = store.peek(KEY).toCompletableFuture().join();
        together += isStale(hit) ? 1 : 0;
        fresh += hit.isPresent() && hit.get().applied().equals(AHEAD) ? 1 : 0;
      }
      stop.set(true);
      loss.join();

      assertThat(together).isZero();
      assertThat(apart).as("what a read of two moments sees").isGreaterThanOrEqualTo(CAUGHT);
      assertThat(fresh).isGreaterThanOrEqualTo(CAUGHT);
    }
  }

  private static void goBackAndForth(HazelcastUnderTest server, AtomicBoolean stop) {
    String record = server.recordOf(KEY);
    while (!stop.get()) {
      server.putMeta(record, meta(AHEAD));
      server.putCell(KEY, FRESH);
      server.deleteCell(KEY);
      server.putMeta(record, meta(BEHIND));
      server.putCell(KEY, STALE);
      server.deleteCell(KEY);
    }
  }

  private static Optional<Hit> readApart(HazelcastUnderTest server, IMap<String, Object> entries) {
    Optional<Meta> meta =
        Optional.ofNullable(entries.get(server.recordOf(KEY)))
            .flatMap(bytes -> MetaCodec.decode((byte[]) bytes));
    Decision decision =
        FencedProtocol.decide(KEY.cache(), server.cell(KEY).map(CellCodec::decode), meta);
    return decision.hit();
  }

  private static boolean isStale(Optional<Hit> hit) {
    return hit.isPresent() && hit.get().stamp().equals(BEHIND) && hit.get().applied().equals(AHEAD);
  }

  private static byte[] meta(Position applied) {
    return MetaCodec.encode(new Meta(7, applied, AHEAD, Map.of(), "topic", 5));
  }

  private static byte[] entry(Position stamp, String value) {
    Meta meta = new Meta(7, stamp, AHEAD, Map.of(), "topic", 5);
    Lease lease = FencedProtocol.lease(KEY, new LeaseToken(0, 0), meta);
    return CellCodec.entry(lease, Value.of(value.getBytes(StandardCharsets.UTF_8)));
  }
}
