package dev.hearth.cli.letters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RedriveTest {
  private static final Topics TOPICS = new Topics("shop");
  private static final Instant NOON = Instant.parse("2026-05-01T12:00:00Z");
  private static final Position OLD = new Position(1, 500);
  private static final Position NOW = new Position(2, 100);

  @Test
  void aChangeComesBackAtAPositionThatIsNotBelowWhatWasPublishedMeanwhile() {
    ChangeEvent change = change(OLD);

    Redrive.Send sent =
        (Redrive.Send) Redrive.decide(letter("shop.changes", change), TOPICS, Optional.of(NOW));

    assertThat(sent.topic()).isEqualTo("shop.changes");
    assertThat(sent.partition()).contains(0);
    ChangeEvent again = (ChangeEvent) WireCodec.instance().decode(sent.value());
    assertThat(again.position()).isEqualTo(NOW);
    // The store of row columns goes by this one, and must not take an old image for a new one.
    assertThat(again.changeLsn()).isEqualTo(change.changeLsn());
    assertThat(again.after()).isEqualTo(change.after());
  }

  @Test
  void aPositionThatIsAboveStays() {
    Redrive.Send sent =
        (Redrive.Send)
            Redrive.decide(
                letter("shop.changes", change(new Position(2, 900))), TOPICS, Optional.of(NOW));

    assertThat(((ChangeEvent) WireCodec.instance().decode(sent.value())).position())
        .isEqualTo(new Position(2, 900));
  }

  @Test
  void anInvalidationComesBackInThePartitionOfItsKey() {
    Invalidation invalidation =
        new Invalidation(
            "product",
            "product:7",
            OLD,
            NOON,
            NOON,
            NOON,
            new Cause("public.product", "7", 9, "rules[0]"));

    Redrive.Send sent =
        (Redrive.Send)
            Redrive.decide(letter("shop.invalidations", invalidation), TOPICS, Optional.of(NOW));

    assertThat(sent.partition())
        .contains(KeySlot.partitionOf("product:7", TOPICS.invalidations().partitions()));
    assertThat(((Invalidation) WireCodec.instance().decode(sent.value())).position())
        .isEqualTo(NOW);
  }

  @Test
  void countsAndLeavesOutWhatTheLetterAdded() {
    DeadLetter letter =
        letter("shop.changes", change(OLD), Map.of("hearth.redriven", "2", "trace", "x"));

    Redrive.Send sent = (Redrive.Send) Redrive.decide(letter, TOPICS, Optional.of(NOW));

    assertThat(sent.headers())
        .containsOnly(Map.entry("hearth.redriven", "3"), Map.entry("trace", "x"));
  }

  @Test
  void neverPutsAMarkBackWhichWouldVouchForWhatStandsBehindIt() {
    for (Object mark :
        List.of(
            new Watermark(OLD, 500, NOON),
            new GenerationRaised("product", 3, OLD, "poison", NOON))) {
      for (String topic : List.of("shop.changes", "shop.invalidations")) {
        assertThat(Redrive.decide(letter(topic, mark), TOPICS, Optional.of(NOW)))
            .isInstanceOfSatisfying(
                Redrive.Refused.class,
                refused ->
                    assertThat(refused.sentence())
                        .startsWith("it is a " + mark.getClass().getSimpleName())
                        .contains("at its place in the stream only"));
      }
    }
  }

  @Test
  void aReportOfReadsComesBackAsItWas() {
    AccessReport report = new AccessReport("app", NOON, NOON.plusSeconds(1), List.of(), 0);
    DeadLetter letter = letter("shop.accesses", report);

    Redrive.Send sent = (Redrive.Send) Redrive.decide(letter, TOPICS, Optional.empty());

    assertThat(sent.value()).isEqualTo(letter.value().orElseThrow());
  }

  @Test
  void saysWhyALetterCannotBePutBack() {
    DeadLetter garbage =
        new DeadLetter(
            1,
            NOON,
            Optional.empty(),
            Optional.of("not avro".getBytes(StandardCharsets.UTF_8)),
            Map.of("__streams.errors.topic", "shop.changes"));
    DeadLetter sentence =
        new DeadLetter(
            1, NOON, Optional.empty(), Optional.empty(), Map.of("hearth.stage", "ingest"));

    assertThat(refusal(garbage))
        .startsWith("this build cannot read it either (the value of 8 bytes");
    assertThat(refusal(sentence)).startsWith("it holds a sentence and no record");
    assertThat(refusal(letter("other.changes", change(OLD))))
        .startsWith("it came from other.changes");
    assertThat(
            ((Redrive.Refused)
                    Redrive.decide(letter("shop.changes", change(OLD)), TOPICS, Optional.empty()))
                .sentence())
        .startsWith("there is no watermark on shop.changes");
  }

  private static String refusal(DeadLetter letter) {
    return ((Redrive.Refused) Redrive.decide(letter, TOPICS, Optional.of(NOW))).sentence();
  }

  private static ChangeEvent change(Position position) {
    return new ChangeEvent(
        "public.product",
        Operation.UPDATE,
        RowImage.UNKNOWN,
        new RowImage(Map.of("id", "7")),
        9,
        400,
        position,
        NOON,
        NOON);
  }

  private static DeadLetter letter(String topic, Object record) {
    return letter(topic, record, Map.of());
  }

  private static DeadLetter letter(String topic, Object record, Map<String, String> further) {
    Map<String, String> headers = new java.util.HashMap<>(further);
    headers.put("__streams.errors.topic", topic);
    headers.put("__streams.errors.offset", "12");
    headers.put("__streams.errors.message", "no");
    headers.put("hearth.stage", "derivation");
    return new DeadLetter(
        1,
        NOON,
        Optional.of("public.product:7".getBytes(StandardCharsets.UTF_8)),
        Optional.of(WireCodec.instance().encode(record)),
        headers);
  }
}
