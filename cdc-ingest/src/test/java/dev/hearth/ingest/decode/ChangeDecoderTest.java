package dev.hearth.ingest.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChangeDecoderTest {
  private static final String UNAVAILABLE = ChangeDecoder.UNAVAILABLE;
  private static final String TABLE = "public.product";
  private static final long MICROS = 1_700_000_000_123_456L;
  private static final Instant COMMITTED_AT = Instant.EPOCH.plus(MICROS, ChronoUnit.MICROS);

  private static final Schema ROW =
      SchemaBuilder.struct()
          .optional()
          .field("id", Schema.OPTIONAL_INT32_SCHEMA)
          .field("name", Schema.OPTIONAL_STRING_SCHEMA)
          .field("weight", Schema.OPTIONAL_FLOAT64_SCHEMA)
          .field("tags", SchemaBuilder.array(Schema.STRING_SCHEMA).optional().build())
          .build();
  private static final Schema SOURCE =
      SchemaBuilder.struct()
          .field("schema", Schema.STRING_SCHEMA)
          .field("table", Schema.STRING_SCHEMA)
          .field("lsn", Schema.OPTIONAL_INT64_SCHEMA)
          .field("txId", Schema.OPTIONAL_INT64_SCHEMA)
          .field("ts_us", Schema.OPTIONAL_INT64_SCHEMA)
          .build();
  private static final Schema ENVELOPE =
      SchemaBuilder.struct()
          .field("before", ROW)
          .field("after", ROW)
          .field("source", SOURCE)
          .field("op", Schema.STRING_SCHEMA)
          .build();
  private static final Schema MESSAGE =
      SchemaBuilder.struct().field("source", SOURCE).field("op", Schema.STRING_SCHEMA).build();

  private static final Set<String> NEEDED = Set.of("id", "name");
  private static final ChangeDecoder KEY_ONLY = decoder(NEEDED, Set.of("id"), false, 0);
  private static final ChangeDecoder FULL =
      decoder(NEEDED, Set.of("id", "name", "weight", "tags"), true, 0);

  @Test
  void anInsertKnowsTheNewRowAndTheTransaction() {
    assertThat(KEY_ONLY.decode(record("c", null, row(1, "cup"))))
        .containsExactly(
            new Decoded.Change(
                TABLE,
                "public.product:1",
                Operation.INSERT,
                RowImage.UNKNOWN,
                image("id", "1", "name", "cup"),
                77,
                500,
                COMMITTED_AT));
  }

  @Test
  void withTheDefaultIdentityAnUpdateKnowsOfTheOldRowItsKeyOnly() {
    Decoded.Change change = change(KEY_ONLY, "u", null, row(1, "mug"));

    assertThat(change.before()).isEqualTo(image("id", "1"));
    assertThat(change.after()).isEqualTo(image("id", "1", "name", "mug"));
  }

  @Test
  void withTheFullIdentityAnUpdateKnowsTheOldRow() {
    Decoded.Change change = change(FULL, "u", row(1, "cup"), row(1, "mug"));

    assertThat(change.before()).isEqualTo(image("id", "1", "name", "cup"));
    assertThat(change.after()).isEqualTo(image("id", "1", "name", "mug"));
  }

  @Test
  void anUpdateThatGivesARowAnotherIdentityIsADeleteAndAnInsert() {
    assertThat(KEY_ONLY.decode(record("u", row(1, null), row(2, "cup"))))
        .containsExactly(
            new Decoded.Change(
                TABLE,
                "public.product:1",
                Operation.DELETE,
                image("id", "1"),
                RowImage.UNKNOWN,
                77,
                500,
                COMMITTED_AT),
            new Decoded.Change(
                TABLE,
                "public.product:2",
                Operation.INSERT,
                RowImage.UNKNOWN,
                image("id", "2", "name", "cup"),
                77,
                500,
                COMMITTED_AT));
  }

  @Test
  void withAnIndexAsIdentityTheKeyIsMadeOfItsColumns() {
    ChangeDecoder byName = decoder(List.of("name"), NEEDED, Set.of("name"), false, 0);

    assertThat(change(byName, "c", null, row(1, "cup")).recordKey())
        .isEqualTo("public.product:cup");
    assertThat(change(byName, "u", null, row(2, "cup")).recordKey())
        .isEqualTo("public.product:cup");
    // Of the old row, the engine has a made-up id.
    assertThat(change(byName, "d", row(0, "cup"), null).recordKey())
        .isEqualTo("public.product:cup");
    assertThat(byName.decode(record("u", row(0, "cup"), row(0, "mug"))))
        .extracting(decoded -> ((Decoded.Change) decoded).recordKey())
        .containsExactly("public.product:cup", "public.product:mug");
  }

  @Test
  void aRowThatIsNotIdentifiedHasTheKeyOfItsTable() {
    ChangeDecoder none = decoder(List.of(), NEEDED, Set.of("id", "name"), true, 0);
    ChangeDecoder byName = decoder(List.of("name"), NEEDED, Set.of("name"), false, 0);

    assertThat(change(none, "c", null, row(1, "cup")).recordKey()).isEqualTo(TABLE);
    assertThat(change(byName, "d", row(1, null), null).recordKey()).isEqualTo(TABLE);
    assertThat(change(byName, "u", null, row(1, UNAVAILABLE)).recordKey()).isEqualTo(TABLE);
  }

  @Test
  void anIdentityThatIsALargeValueIsTakenFromTheOldRow() {
    ChangeDecoder byName = decoder(List.of("name"), NEEDED, Set.of("name"), false, 0);

    Decoded.Change change = change(byName, "u", row(0, "long"), row(1, UNAVAILABLE));

    assertThat(change.recordKey()).isEqualTo("public.product:long");
    assertThat(change.after()).isEqualTo(image("id", "1", "name", "long"));
  }

  @Test
  void aRowThatWasWrittenWithoutAColumnThatRulesReadIsRefusedByName() {
    ChangeDecoder colours = decoder(Set.of("id", "colour"), Set.of("id"), false, 0);

    assertThat(colours.decode(record("u", null, row(1, "cup"))))
        .containsExactly(
            new Decoded.Refusal(
                TABLE,
                "public.product was written without colour, which rules read; its columns were id,"
                    + " name, weight, tags",
                77,
                500,
                COMMITTED_AT));
  }

  @Test
  void aTableThatTheRulesDoNotFitJustNowIsRefusedWithTheReason() {
    Struct envelope = new Struct(ENVELOPE).put("source", source("public", "unfit")).put("op", "c");

    assertThat(FULL.decode(record(envelope, Map.of())))
        .containsExactly(
            new Decoded.Refusal(
                "public.unfit", "rules[0].keys[0] does not fit", 77, 500, COMMITTED_AT));
  }

  @Test
  void aDeleteWithTheDefaultIdentityKnowsTheKeyAndDoesNotMistakeTheRestForNull() {
    Decoded.Change change = change(KEY_ONLY, "d", row(1, null), null);

    assertThat(change.operation()).isEqualTo(Operation.DELETE);
    assertThat(change.before()).isEqualTo(image("id", "1"));
    assertThat(change.after()).isEqualTo(RowImage.UNKNOWN);
    assertThat(change.recordKey()).isEqualTo("public.product:1");
  }

  @Test
  void aDeleteWithTheFullIdentityKnowsTheRow() {
    assertThat(change(FULL, "d", row(1, null), null).before())
        .isEqualTo(image("id", "1", "name", null));
  }

  @Test
  void anUntouchedLargeValueIsNotKnownWithTheDefaultIdentity() {
    Decoded.Change change = change(KEY_ONLY, "u", null, row(1, UNAVAILABLE));

    assertThat(change.after()).isEqualTo(image("id", "1"));
    assertThat(change.after().knows("name")).isFalse();
  }

  @Test
  void anUntouchedLargeValueIsTakenFromTheOldRowWithTheFullIdentity() {
    Decoded.Change change = change(FULL, "u", row(1, "long"), row(1, UNAVAILABLE));

    assertThat(change.after()).isEqualTo(image("id", "1", "name", "long"));
  }

  @Test
  void anUntouchedLargeValueOfBytesIsNotKnownEither() {
    String hexadecimal = HexFormat.of().formatHex(UNAVAILABLE.getBytes(StandardCharsets.UTF_8));

    assertThat(change(KEY_ONLY, "u", null, row(1, hexadecimal)).after())
        .isEqualTo(image("id", "1"));
  }

  @Test
  void aTextThatIsWhatTheEngineWouldPutInPlaceOfALargeValueIsAValueLikeAnyOther() {
    Decoded.Change change =
        change(FULL, "u", row(1, "old"), row(1, "__debezium_unavailable_value"));

    assertThat(change.after()).isEqualTo(image("id", "1", "name", "__debezium_unavailable_value"));
  }

  @Test
  void nullIsAValue() {
    Decoded.Change change = change(FULL, "u", row(1, null), row(1, "cup"));

    assertThat(change.before()).isEqualTo(image("id", "1", "name", null));
    assertThat(change(FULL, "u", row(1, "cup"), row(1, null)).after())
        .isEqualTo(image("id", "1", "name", null));
  }

  @Test
  void oldValuesFromBeforeTheIdentityWasWhatItIsAreNotReliedOn() {
    ChangeDecoder changedLately = decoder(NEEDED, Set.of("id", "name"), true, 501);

    Decoded.Change change = change(changedLately, "u", row(1, null), row(1, "mug"));

    assertThat(change.before()).isEqualTo(RowImage.UNKNOWN);
    assertThat(change.after()).isEqualTo(image("id", "1", "name", "mug"));
    // Which row it was is not known either: the absence of an old row meant something else then.
    assertThat(change.recordKey()).isEqualTo(TABLE);
    assertThat(change(changedLately, "c", null, row(1, "mug")).recordKey())
        .isEqualTo("public.product:1");
  }

  @Test
  void aTruncateConcernsTheTable() {
    assertThat(change(FULL, "t", null, null))
        .isEqualTo(
            new Decoded.Change(
                TABLE,
                TABLE,
                Operation.TRUNCATE,
                RowImage.UNKNOWN,
                RowImage.UNKNOWN,
                77,
                500,
                COMMITTED_AT));
  }

  @Test
  void numbersArePlainDecimals() {
    ChangeDecoder weights = decoder(Set.of("weight"), Set.of("id"), false, 0);

    assertThat(change(weights, "c", null, row(1, "cup").put("weight", 1.5e10)).after())
        .isEqualTo(image("weight", "15000000000"));
    assertThat(change(weights, "c", null, row(1, "cup").put("weight", 0.250)).after())
        .isEqualTo(image("weight", "0.25"));
  }

  @Test
  void aHeartbeatIsAPositionOnly() {
    Struct message = new Struct(MESSAGE).put("source", source("public", "")).put("op", "m");

    assertThat(FULL.decode(record(message, Map.of()))).containsExactly(new Decoded.Beat(77, 500));
  }

  @Test
  void aTableThatNoRuleNamesIsRefusedByName() {
    Struct envelope = new Struct(ENVELOPE).put("source", source("public", "prodct")).put("op", "c");

    assertThat(FULL.decode(record(envelope, Map.of())))
        .containsExactly(
            new Decoded.Refusal(
                "public.prodct", "no rule names the table public.prodct", 77, 500, COMMITTED_AT));
  }

  @Test
  void aColumnOfATypeThatCannotBeReadIsRefusedByName() {
    ChangeDecoder tagged = decoder(Set.of("tags"), Set.of("id"), false, 0);

    assertThat(tagged.decode(record("c", null, row(1, "cup").put("tags", List.of("red")))))
        .containsExactly(
            new Decoded.Refusal(
                TABLE,
                "column tags has the type array, which keys and filters cannot be made of",
                77,
                500,
                COMMITTED_AT));
  }

  @Test
  void anOperationThatIsNotKnownIsRefused() {
    assertThat(FULL.decode(record("x", null, row(1, "cup"))))
        .containsExactly(
            new Decoded.Refusal(
                TABLE,
                "the operation \"x\" is not known; expected c, u, d, t or m",
                77,
                500,
                COMMITTED_AT));
  }

  @Test
  void theStreamHasPassedTheLastCommitBeforeARecordAndTheRecordItself() {
    Decoded beat = new Decoded.Beat(77, 500);
    Struct message = new Struct(MESSAGE).put("source", source("public", "")).put("op", "m");

    assertThat(ChangeDecoder.streamedUpTo(record(message, Map.of("lsn_commit", 900L)), beat))
        .isEqualTo(900);
    assertThat(ChangeDecoder.streamedUpTo(record(message, Map.of("lsn_commit", 400L)), beat))
        .isEqualTo(500);
    assertThat(ChangeDecoder.streamedUpTo(record(message, Map.of()), beat)).isEqualTo(500);
  }

  private static ChangeDecoder decoder(
      Set<String> needed, Set<String> old, boolean full, long identitySince) {
    return decoder(List.of("id"), needed, old, full, identitySince);
  }

  private static ChangeDecoder decoder(
      List<String> identity, Set<String> needed, Set<String> old, boolean full, long since) {
    return new ChangeDecoder(
        Map.of(TABLE, new TableShape(TABLE, identity, needed, Map.of(), old, full, since)),
        Map.of("public.unfit", "rules[0].keys[0] does not fit"));
  }

  private static Decoded.Change change(
      ChangeDecoder decoder, String operation, @Nullable Struct before, @Nullable Struct after) {
    List<Decoded> decoded = decoder.decode(record(operation, before, after));
    assertThat(decoded).hasSize(1);
    return (Decoded.Change) decoded.get(0);
  }

  private static SourceRecord record(
      String operation, @Nullable Struct before, @Nullable Struct after) {
    Struct envelope =
        new Struct(ENVELOPE)
            .put("before", before)
            .put("after", after)
            .put("source", source("public", "product"))
            .put("op", operation);
    return record(envelope, Map.of());
  }

  private static SourceRecord record(Struct value, Map<String, ?> offset) {
    return new SourceRecord(Map.of(), offset, "topic", value.schema(), value);
  }

  private static Struct source(String schema, String table) {
    return new Struct(SOURCE)
        .put("schema", schema)
        .put("table", table)
        .put("lsn", 500L)
        .put("txId", 77L)
        .put("ts_us", MICROS);
  }

  private static Struct row(int id, @Nullable String name) {
    return new Struct(ROW).put("id", id).put("name", name);
  }

  private static RowImage image(@Nullable String... columnsAndValues) {
    Map<String, @Nullable String> columns = new HashMap<>();
    List<@Nullable String> pairs = Arrays.asList(columnsAndValues);
    for (int i = 0; i < pairs.size(); i += 2) {
      columns.put(String.valueOf(pairs.get(i)), pairs.get(i + 1));
    }
    return new RowImage(columns);
  }
}
