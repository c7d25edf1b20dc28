package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Keys that are written otherwise than the columns. */
class FormattedKeysTest {
  private static final HearthConfig CONFIG =
      ShopRules.config(
          """
            order: { stores: [ redis ], key: "order:{id:pad:6}" }
            day: { stores: [ redis ], key: "day:{day:date:yyyyMMdd}:{shop:urlencode}" }
          """,
          """
            - table: public.orders
              keys: [ "order:{id:pad:6}", "day:{placed_at:date:yyyyMMdd}:{shop:urlencode}" ]
            - { table: public.item, keys: [ "order:{order_id}" ] }
          """);
  private final Derivation derivation = new Derivation(Rules.compile(CONFIG));

  @Test
  void writesOldAndNewKeyInTheFormatsOfTheRule() {
    Derivation.Touched touched =
        derive(
            Map.of("id", "42", "placed_at", "2024-01-31T23:59:59Z", "shop", "a:b"),
            Map.of("id", "42", "placed_at", "2024-02-01T00:00:00Z", "shop", "a:b"));

    assertThat(touched.keys().keySet())
        .extracting(Derivation.Key::key)
        .containsExactly("order:000042", "day:20240131:a%3Ab", "day:20240201:a%3Ab");
  }

  @Test
  void aValueThatItsFormatDoesNotTakeVoidsJustItsCache() {
    Derivation.Touched touched =
        derive(
            Map.of("id", "x42", "placed_at", "2024-01-31T23:59:59Z", "shop", "a"),
            Map.of("id", "x42", "placed_at", "2024-01-31T23:59:59Z", "shop", "a"));

    assertThat(touched.voided()).containsExactly(Map.entry("order", "key-failed"));
    assertThat(touched.keys().keySet())
        .extracting(Derivation.Key::key)
        .containsExactly("day:20240131:a");
    assertThat(touched.failures())
        .containsExactly(
            "rules[0].keys[0]: \"order:{id:pad:6}\" has {id:pad:6}, and a value is not what that"
                + " takes");
  }

  @Test
  void aKeyThatWouldNotTravelVoidsItsCache() {
    Derivation.Touched touched =
        derive(
            Map.of("id", "1", "placed_at", "2024-01-31T23:59:59Z", "shop", "x".repeat(20_000)),
            Map.of("id", "1", "placed_at", "2024-01-31T23:59:59Z", "shop", "a"));

    assertThat(touched.voided()).containsExactly(Map.entry("day", "key-failed"));
  }

  @Test
  void warnsWhereARuleWritesAnotherFormatThanTheCache() {
    assertThat(KeyAgreement.warnings(CONFIG))
        .extracting(Problem::toString)
        .containsExactly(
            "rules[1].keys[0]: \"order:{order_id}\" writes {order_id} where the cache's key"
                + " \"order:{id:pad:6}\" has {id:pad:6}: it touches the entry only where both give"
                + " the same text");
  }

  private Derivation.Touched derive(Map<String, String> before, Map<String, String> after) {
    return derivation.derive(
        new ChangeEvent(
            "public.orders",
            Operation.UPDATE,
            new RowImage(Map.copyOf(before)),
            new RowImage(Map.copyOf(after)),
            1,
            2,
            new Position(1, 3),
            Instant.EPOCH,
            Instant.EPOCH));
  }
}
