package dev.hearth.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.RedisUnderTest;
import dev.hearth.store.TagRead;
import dev.hearth.store.redis.ConformanceVectors.Vector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What is published for other languages is what the code does, and what Redis does. */
class ConformanceTest {
  private static final Path VECTORS = Path.of("..", "docs", "conformance", "redis.json");
  private static final Path PROTOCOL = Path.of("..", "docs", "protocol.md");
  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  void thePublishedVectorsAreWhatTheProtocolDecides() throws IOException {
    if (Boolean.getBoolean("hearth.docs.write")) {
      Files.createDirectories(VECTORS.getParent());
      Files.writeString(VECTORS, ConformanceVectors.document());
    }

    assertThat(VECTORS)
        .as(
            "docs/conformance/redis.json is stale; run: ./mvnw -pl store -am verify"
                + " -Dtest=ConformanceTest -Dsurefire.failIfNoSpecifiedTests=false"
                + " -Dhearth.docs.write=true")
        .content()
        .isEqualTo(ConformanceVectors.document());
  }

  @Test
  void theProtocolIsDocumentedWithTheScriptsThatRun() throws IOException {
    String document = Files.readString(PROTOCOL);

    for (RedisScript script : RedisScript.values()) {
      assertThat(document).contains("```lua\n" + script.text() + "```");
    }
  }

  @Test
  void redisDoesWhatTheVectorsSay() {
    try (RedisUnderTest server = new RedisUnderTest();
        FencedStore store = server.connect(HOUR, () -> ConformanceVectors.FRESH)) {
      for (Vector vector : ConformanceVectors.vectors()) {
        String record = server.recordOf(ConformanceVectors.KEY);
        server.deleteCell(ConformanceVectors.KEY);
        server.deleteMeta(record);
        putTags(vector.operation(), server);
        vector.before().cell().ifPresent(bytes -> server.putCell(ConformanceVectors.KEY, bytes));
        vector.before().meta().ifPresent(bytes -> server.putMeta(record, bytes));

        Outcome outcome = run(vector.operation(), server, store, record);

        assertThat(outcome).as(vector.name()).isEqualTo(vector.outcome());
        assertThat(hex(server.cell(ConformanceVectors.KEY)))
            .as("cell after " + vector.name())
            .isEqualTo(hex(vector.after().cell()));
        assertThat(hex(server.meta(record)))
            .as("record after " + vector.name())
            .isEqualTo(hex(vector.after().meta()));
      }
    }
  }

  /** Tags of a vector stand under the key's record. */
  private static void putTags(Operation operation, RedisUnderTest server) {
    if (operation instanceof Operation.Get get) {
      for (TagRead tag : get.tags()) {
        assertThat(server.recordOf(tag.tag())).isEqualTo(server.recordOf(get.key()));
        server.deleteCell(tag.tag());
        tag.cell().ifPresent(cell -> server.putCell(tag.tag(), ConformanceVectors.encode(cell)));
      }
    }
  }

  private static Outcome run(
      Operation operation, RedisUnderTest server, FencedStore store, String record) {
    if (operation instanceof Operation.Get get) {
      return new Outcome.Read(
          join(store.get(get.key(), get.tags().stream().map(TagRead::tag).toList())));
    }
    if (operation instanceof Operation.Peek peek) {
      return new Outcome.Peeked(join(store.peek(peek.key())));
    }
    if (operation instanceof Operation.Fill fill) {
      return new Outcome.Filled(join(store.fill(fill.key(), fill.lease(), fill.value(), HOUR)));
    }
    if (operation instanceof Operation.Release release) {
      join(store.release(release.key(), release.lease()));
      return new Outcome.Released();
    }
    if (operation instanceof Operation.Delete delete) {
      server.redis().unlink(new byte[][] {delete.key().key().getBytes(StandardCharsets.UTF_8)});
      return new Outcome.Deleted();
    }
    Operation.ReplaceMeta replace = (Operation.ReplaceMeta) operation;
    long replaced =
        RedisScript.REPLACE_META
            .<Long>inFull(
                server.async(),
                new byte[][] {record.getBytes(StandardCharsets.UTF_8)},
                replace.expected().map(MetaCodec::encode).orElse(new byte[0]),
                MetaCodec.encode(replace.next()))
            .toCompletableFuture()
            .join();
    return replaced == 1
        ? new Outcome.Replaced()
        : new Outcome.Mismatch(server.meta(record).flatMap(MetaCodec::decode));
  }

  private static String hex(Optional<byte[]> bytes) {
    return bytes.map(HexFormat.of()::formatHex).orElse("nothing");
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
