package dev.hearth.client;

import static dev.hearth.client.Eventually.eventually;
import static dev.hearth.client.HandMadePipeline.TAGS;
import static dev.hearth.client.HandMadePipeline.key;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.client.feed.InvalidationFeed;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.key.KeySlot;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Reads with a tag that stands in another partition than the key, on a real PostgreSQL, Kafka and
 * Redis. The row of a product touches the tag, and not the product's key.
 */
class TaggedReadsTest {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Freshness BOUND = Freshness.within(Duration.ofSeconds(5));

  private static Sandbox sandbox;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger loads = new AtomicInteger();
  private HandMadePipeline pipeline;
  private InvalidationFeed feed;
  private Tag tag;
  private List<Tag> tags;
  private IntPredicate ofTheTag;

  @BeforeAll
  static void startServers() {
    sandbox = Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();
  }

  @AfterAll
  static void stopServers() {
    sandbox.close();
  }

  @BeforeEach
  void begin() throws Exception {
    pipeline = new HandMadePipeline(sandbox, "tagged" + NUMBER.incrementAndGet());
    feed = pipeline.feed(registry);
    int ofTheKey = feed.partitionOf(key(1));
    tag =
        IntStream.iterate(0, n -> n + 1)
            .mapToObj(n -> new Tag(TAGS, "shelf:" + n))
            .filter(candidate -> feed.partitionOf(candidate.key()) != ofTheKey)
            .findFirst()
            .orElseThrow();
    tags = List.of(tag);
    int partition = KeySlot.partitionOf(tag.key(), feed.partitions());
    ofTheTag = each -> each == partition;
    pipeline.raiseEpoch(true);
    pipeline.write(1, "old");
    pipeline.settle(feed);
  }

  @AfterEach
  void end() throws Exception {
    pipeline.close();
  }

  @Test
  void aTokenIsReachedWhenTheTagsPartitionHasReachedItToo() throws Exception {
    CoherentCache<String> cache = cache().build();
    cache.get(key(1), tags, loading());
    WriteToken token = pipeline.write(1, "new");
    pipeline.invalidate(TAGS, tag.key());
    pipeline.mark();
    pipeline.deliver(ofTheTag.negate());
    awaitHeard();

    assertThat(cache.get(key(1), tags, neverAsked())).contains("old");
    assertThat(cache.get(key(1), tags, loading(), Freshness.after(token))).contains("new");
    assertThat(bypasses("behind_token")).isEqualTo(1);

    pipeline.deliver();
    assertThat(cache.get(key(1), tags, loading())).contains("new");
    pipeline.settle(feed);
    assertThat(cache.get(key(1), tags, neverAsked(), Freshness.after(token))).contains("new");
  }

  @Test
  void aBoundCountsFromTheTagsPartitionWhereThatIsOlder() throws Exception {
    CoherentCache<String> cache = cache().build();
    int neighbour =
        IntStream.iterate(2, n -> n + 1)
            .filter(n -> feed.partitionOf(key(n)) == feed.partitionOf(key(1)))
            .findFirst()
            .orElseThrow();
    pipeline.write(neighbour, "pear");
    cache.get(key(neighbour), loading());
    cache.get(key(1), tags, loading());
    pipeline.write(1, "new");
    pipeline.invalidate(TAGS, tag.key());

    // The neighbour is asked second: what is young enough then was so before.
    eventually(
        "the tag's partition is too old, and the key's is not",
        () -> {
          awaitHeard();
          pipeline.deliver(ofTheTag.negate());
          Optional<String> tagged = cache.get(key(1), tags, loading(), BOUND);
          double before = bypasses("too_old");
          cache.get(key(neighbour), loading(), BOUND);
          return tagged.equals(Optional.of("new")) && bypasses("too_old") == before;
        });
    assertThat(cache.get(key(1), tags, neverAsked())).contains("old");
  }

  @Test
  void aStampIsNoNewerThanWhatTheTagsPartitionHadApplied() throws Exception {
    CoherentCache<String> cache = cache().build();
    WriteToken token = pipeline.write(2, "pear");
    pipeline.mark();
    pipeline.deliver(ofTheTag.negate());
    awaitHeard();

    cache.get(key(1), tags, loading());
    cache.get(key(1), tags, loading(), Freshness.after(token));

    assertThat(bypasses("behind_token")).isEqualTo(1);
  }

  @Test
  void aNearCacheAnswersUntilItIsToldOfOneOfTheTags() throws Exception {
    CoherentCache<String> cache = nearCache().build();
    keepInProcess(cache);

    pipeline.write(1, "new");
    pipeline.invalidate(TAGS, tag.key());
    pipeline.settle(feed);

    assertThat(cache.get(key(1), tags, loading())).contains("new");
    keepInProcess(cache);
  }

  // R11
  @Test
  void aNearCacheAheadOfTheStoreKeepsNothingOldUnderATag() throws Exception {
    assertThat(afterANearCacheWasAhead(nearCache().build())).contains("new");
  }

  // R11: what the check is for.
  @Test
  void aNearCacheAheadOfTheStoreKeepsTheOldValueUnderATagWithoutTheCheck() throws Exception {
    CoherentCache<String> cache = nearCache().nearAdmission((vouching, told) -> true).build();

    assertThat(afterANearCacheWasAhead(cache)).contains("old");
  }

  private Optional<String> afterANearCacheWasAhead(CoherentCache<String> cache) throws Exception {
    keepInProcess(cache);
    pipeline.write(1, "new");
    pipeline.invalidate(TAGS, tag.key());
    pipeline.mark();
    // The key's partition alone would vouch for what the store still has.
    pipeline.deliver(ofTheTag.negate());
    awaitHeard();
    assertThat(cache.get(key(1), tags, neverAsked())).contains("old");

    pipeline.deliver();
    return cache.get(key(1), tags, loading());
  }

  @Test
  void aGenerationOfTheTagsAndALostStreamEmptyANearCache() throws Exception {
    CoherentCache<String> cache = nearCache().build();
    keepInProcess(cache);

    pipeline.raiseGeneration(TAGS);
    pipeline.settle(feed);
    double hits = near("hit");
    loads.set(0);
    cache.get(key(1), tags, loading());
    assertThat(near("hit")).isEqualTo(hits);
    assertThat(loads).as("the tag is void in the store too").hasValue(1);

    keepInProcess(cache);
    double losses = registry.get("hearth.client.stream.losses").counter().count();
    pipeline.recreateInvalidations();
    eventually(
        "the feed notices",
        () ->
            registry.get("hearth.client.stream.losses").counter().count()
                >= losses + feed.partitions());
    hits = near("hit");
    cache.get(key(1), tags, loading());
    assertThat(near("hit")).isEqualTo(hits);
  }

  @Test
  void aNearCacheAnswersNobodyWhoNamesOtherTags() throws Exception {
    CoherentCache<String> cache = nearCache().build();
    keepInProcess(cache);
    double hits = near("hit");

    cache.get(key(1), loading());
    cache.get(key(1), List.of(new Tag(TAGS, "shelf:none")), loading());

    assertThat(near("hit")).isEqualTo(hits);
  }

  private CoherentCache.Builder<String> cache() {
    return pipeline.cache(feed, registry).tags(TAGS, Duration.ofHours(2));
  }

  private CoherentCache.Builder<String> nearCache() {
    return cache().near(new NearSettings(100, LONG, LONG));
  }

  private void keepInProcess(CoherentCache<String> cache) {
    double before = near("hit");
    eventually(
        "the near cache keeps the value",
        () -> {
          try {
            pipeline.settle(feed);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          cache.get(key(1), tags, loading());
          cache.get(key(1), tags, loading());
          return near("hit") > before;
        });
  }

  private void awaitHeard() {
    try {
      pipeline.awaitHeard(feed);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private Loader<String> loading() {
    return key -> {
      loads.incrementAndGet();
      return pipeline.loader().load(key);
    };
  }

  private static Loader<String> neverAsked() {
    return key -> {
      throw new AssertionError("the loader was asked for " + key);
    };
  }

  private double bypasses(String reason) {
    return registry.get("hearth.client.bypasses").tags("reason", reason).counter().count();
  }

  private double near(String result) {
    return registry.get("hearth.client.near.reads").tags("result", result).counter().count();
  }
}
