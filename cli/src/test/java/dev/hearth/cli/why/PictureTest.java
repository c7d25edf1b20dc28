package dev.hearth.cli.why;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PictureTest {
  static final String ANSWER =
      """
      {"key": "product:42", "askedAt": "2026-11-23T12:00:00.5Z", "stories": [{
        "cache": "product", "mode": "fenced", "template": "product:{id}",
        "stores": ["redis", "hazelcast"],
        "recordedSince": "2026-11-22T12:00:00.5Z", "completeTo": "2026-11-23T12:00:00.48Z",
        "mostEvents": 20,
        "events": [
          {"kind": "generation", "at": "2026-11-22T23:59:59Z", "position": "3:0/9", "partition": 2,
           "offset": 7, "generation": 5, "reason": "truncate", "stores": [
             {"store": "redis", "outcome": "applied", "at": "2026-11-22T23:59:59.005Z",
              "lagMillis": 5.0, "againAt": "2026-11-23T01:00:00Z", "sentence": "applied"}]},
          {"kind": "invalidation", "at": "2026-11-23T11:59:58.244Z", "position": "3:0/16B3748",
           "partition": 2, "offset": 12345, "table": "public.product",
           "row": "public.product:42", "transaction": 4711, "rule": "rules[0].keys[0]",
           "capturedAt": "2026-11-23T11:59:58.2452Z", "derivedAt": "2026-11-23T11:59:58.2469Z",
           "stores": [
             {"store": "redis", "outcome": "applied", "at": "2026-11-23T11:59:58.2489Z",
              "lagMillis": 4.9, "sentence": "applied"},
             {"store": "hazelcast", "outcome": "not_yet",
              "sentence": "not yet, as far as is told: the delivery reported last at 2026-11-23T11:59:00Z, of offset 12300, 45 before this"}]}],
        "entries": [
          {"store": "redis", "state": "entry", "bytes": 120, "stamp": "3:0/16B3748",
           "leaseAfter": "2026-11-23T11:59:58.3Z", "leaseBefore": "2026-11-23T11:59:59.4Z",
           "sentence": "an entry of 120 bytes"},
          {"store": "hazelcast", "state": "not_known", "sentence": "not known: it is away"}],
        "notKnown": ["What came before 2026-11-22T12:00:00.5Z is not known."]}]}
      """;

  private static JsonNode answer() throws Exception {
    return new ObjectMapper().readTree(ANSWER);
  }

  @Test
  void goesFromTheCommitThroughTheStoresToWhatIsThereNow() throws Exception {
    assertThat(new Picture(80, false).of(answer()))
        .isEqualTo(
            """
            product:42
            cache product, fenced, product:{id}, in redis, hazelcast
            known from 2026-11-22 12:00:00.500 to 2026-11-23 12:00:00.480, UTC

            2026-11-22
            23:59:59.000 ● generation   the whole cache is void: truncate (partition 2,
                         │              offset 7)
                 +5.0 ms └ redis        applied; again at 2026-11-23 01:00:00.000, brought
                                        up to date
                         ▼
            2026-11-23
            11:59:58.244 ● commit       transaction 4711
                 +1.2 ms ├ change       public.product, row public.product:42
                         ├ rule         rules[0].keys[0]
                 +2.9 ms ├ invalidation as of 3:0/16B3748 (partition 2, offset 12345)
                 +4.9 ms ├ redis        applied
                       ? └ hazelcast    not yet, as far as is told: the delivery reported
                                        last at 2026-11-23T11:59:00Z, of offset 12300, 45
                                        before this
                         ▼
                     now ○ redis        an entry of 120 bytes, as of 3:0/16B3748 or newer;
                         │              its lease was taken after 2026-11-23 11:59:58.300
                         │              and before 2026-11-23 11:59:59.400
                         └ hazelcast    not known: it is away

              What came before 2026-11-22T12:00:00.5Z is not known.

            """);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 60, 80, 100, 120})
  void keepsWithinTheWidth(int width) throws Exception {
    assertThat(new Picture(width, false).of(answer()).lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(Math.max(60, width)));
  }

  @Test
  void coloursAreForTerminals() throws Exception {
    String coloured = new Picture(80, true).of(answer());

    assertThat(coloured).contains("\u001b[32mapplied");
    assertThat(coloured.replaceAll("\u001b\\[[0-9;]*m", ""))
        .isEqualTo(new Picture(80, false).of(answer()));
  }

  @Test
  void asTextEveryEventIsOneLine() throws Exception {
    assertThat(Sentences.of(answer()))
        .isEqualTo(
            """
            2026-11-22T23:59:59Z a new generation voided the whole cache, as of 3:0/9: truncate; redis: applied, 2026-11-22T23:59:59.005Z, +5.0 ms, again 2026-11-23T01:00:00Z
            2026-11-23T11:59:58.244Z transaction 4711 changed row public.product:42 of public.product, rules[0].keys[0] invalidated product:42 of cache product as of 3:0/16B3748; redis: applied, 2026-11-23T11:59:58.2489Z, +4.9 ms; hazelcast: not yet, as far as is told: the delivery reported last at 2026-11-23T11:59:00Z, of offset 12300, 45 before this
            2026-11-23T12:00:00.5Z redis holds for product:42 of cache product: an entry of 120 bytes, as of 3:0/16B3748 or newer, lease after 2026-11-23T11:59:58.3Z, lease before 2026-11-23T11:59:59.4Z
            2026-11-23T12:00:00.5Z hazelcast holds for product:42 of cache product: not known: it is away
            What came before 2026-11-22T12:00:00.5Z is not known.
            """);
  }

  @Test
  void breaksAWordOnlyWhereItIsTooLong() {
    assertThat(Picture.lines("ab cde abcdefghij k", 6))
        .containsExactly("ab cde", "abcdef", "ghij k");
    assertThat(Picture.lines("", 6)).containsExactly("");
  }
}
