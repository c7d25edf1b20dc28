package dev.hearth.invalidator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.derivation.ShopRules;
import dev.hearth.invalidator.rows.Rows;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Old values that the log does not carry, through the topology and its store on disk. */
class StoredRowsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
  private static final String TABLE = "public.product";
  private static final String RULES =
      """
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
        - { table: public.price, columns: [ amount ], keys: [ "product:{product_id}" ] }
      """;

  private final List<String> unknown = new ArrayList<>();
  private RowsDriver driver;

  @BeforeEach
  void start(@TempDir Path directory) {
    driver =
        new RowsDriver(
            Rules.compile(ShopRules.config(ShopRules.CACHES, RULES)), directory, new Heard());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void asksForTheRowsOfATableWhoseLogLacksOldValuesAndVoidsUntilTheyAreThere() {
    update(TABLE, "1", Map.of("id", "1"), product(1, 20));

    assertThat(driver.touched()).containsExactly("product:1", "void category unknown-value");
    SnapshotRequest request = driver.snapshots().readValue();
    assertThat(request.table()).isEqualTo(TABLE);
    assertThat(request.columns()).containsExactly("category_id", "id");
    assertThat(unknown).containsExactly("public.product not_stored");

    read(request, product(2, 20));
    driver.end(request);
    update(TABLE, "2", Map.of("id", "2"), product(2, 30));

    assertThat(driver.touched())
        .containsExactlyInAnyOrder("product:2", "category:20", "category:30");
    assertThat(driver.snapshots().isEmpty()).isTrue();
  }

  @Test
  void followsARowThroughItsChangesAndItsEnd() {
    complete(product(1, 10));
    update(TABLE, "1", Map.of("id", "1"), product(1, 20));
    update(TABLE, "1", Map.of("id", "1"), product(1, 30));
    driver.touched();

    driver.send(TABLE + ":1", driver.change(TABLE, Operation.DELETE, Map.of("id", "1"), Map.of()));

    assertThat(driver.touched()).containsExactlyInAnyOrder("product:1", "category:30");
  }

  @Test
  void takesALargeValueThatDidNotChangeFromTheStore() {
    complete(product(1, 10));

    update(TABLE, "1", Map.of("id", "1"), Map.of("id", "1"));

    assertThat(driver.touched()).containsExactlyInAnyOrder("product:1", "category:10");
  }

  @Test
  void passesOverAnUpdateOfOtherColumnsWithoutOldValuesInTheLog() {
    update("public.price", "7", Map.of("product_id", "7"), price("1.00"));
    SnapshotRequest request = driver.snapshots().readValue();
    assertThat(driver.touched()).as("any column may have changed").containsExactly("product:7");
    driver.send(
        "public.price:7",
        new SnapshotRow(request.id(), "public.price", new RowImage(Map.copyOf(price("1.00")))));
    driver.end(request);

    update("public.price", "7", Map.of("product_id", "7"), price("1.00"));
    assertThat(driver.touched()).isEmpty();

    update("public.price", "7", Map.of("product_id", "7"), price("2.00"));
    assertThat(driver.touched()).containsExactly("product:7");
  }

  @Test
  void voidsForARowThatIsMissingAlthoughTheTableIsComplete() {
    complete(product(1, 10));

    update(TABLE, "5", Map.of("id", "5"), product(5, 20));

    assertThat(driver.touched()).containsExactly("product:5", "void category unknown-value");
    assertThat(unknown).containsExactly("public.product row_missing");
  }

  @Test
  void believesNoStoredRowThatTheLogContradicts() {
    complete(product(1, 10));

    update(TABLE, "1", Map.of("id", "3"), product(1, 20));

    assertThat(driver.touched()).contains("void category unknown-value");
    assertThat(unknown).containsExactly("public.product contradiction");
  }

  @Test
  void storesNothingOfATableWhoseLogCarriesOldRows() {
    update(TABLE, "1", product(1, 10), product(1, 20));

    assertThat(driver.touched()).contains("category:10", "category:20");
    assertThat(driver.snapshots().isEmpty()).isTrue();
    assertThat(driver.stored()).isZero();
  }

  @Test
  void knowsNothingMoreAfterANewEpochAndAsksAgainOnceItIsSettled() {
    complete(product(1, 10));

    epoch(2, false);
    assertThat(driver.snapshots().isEmpty()).isTrue();
    update(TABLE, "1", Map.of("id", "1"), product(1, 20));
    assertThat(driver.touched()).contains("void category unknown-value");
    epoch(3, true);

    assertThat(driver.snapshots().readValue().table()).isEqualTo(TABLE);
  }

  @Test
  void hasNoRowsLeftAfterATruncateAndFollowsTheNewOnes() {
    complete(product(1, 10));
    driver.send(TABLE, driver.change(TABLE, Operation.TRUNCATE, Map.of(), Map.of()));
    driver.send(TABLE + ":1", driver.change(TABLE, Operation.INSERT, Map.of(), product(1, 40)));
    driver.touched();

    update(TABLE, "1", Map.of("id", "1"), product(1, 50));

    assertThat(driver.touched())
        .containsExactlyInAnyOrder("product:1", "category:40", "category:50");
  }

  @Test
  void beginsAnewWhereAChangeDoesNotSayItsRow() {
    complete(product(1, 10));

    driver.send(TABLE, driver.change(TABLE, Operation.UPDATE, Map.of(), Map.of()));

    assertThat(driver.touched())
        .containsExactly("void product unknown-value", "void category unknown-value");
    assertThat(driver.snapshots().readValue().table()).isEqualTo(TABLE);
  }

  @Test
  void beginsAnewWhereAChangeCannotBeRead() {
    complete(product(1, 10));

    driver.send(TABLE + ":1", new byte[] {1, 2});

    assertThat(driver.snapshots().readValue().table()).isEqualTo(TABLE);
  }

  private static Map<String, String> product(int id, int category) {
    return Map.of("id", "" + id, "category_id", "" + category);
  }

  private static Map<String, String> price(String amount) {
    return Map.of("product_id", "7", "amount", amount);
  }

  /** As it is once a snapshot of some rows is through. */
  private void complete(Map<String, String> row) {
    update(TABLE, "99", Map.of("id", "99"), product(99, 1));
    SnapshotRequest request = driver.snapshots().readValue();
    read(request, row);
    driver.end(request);
    driver.touched();
    unknown.clear();
  }

  private void read(SnapshotRequest request, Map<String, String> row) {
    driver.send(
        request.table() + ":" + row.get("id"),
        new SnapshotRow(request.id(), request.table(), new RowImage(Map.copyOf(row))));
  }

  private void update(
      String table, String row, Map<String, String> before, Map<String, String> after) {
    driver.send(table + ":" + row, driver.change(table, Operation.UPDATE, before, after));
  }

  private void epoch(long number, boolean settled) {
    driver.send(
        "",
        new ChangeMark(
            new EpochRaised(
                "slot",
                new Position(number, 1),
                new SourceIdentity("1", 1, "slot", 1, "", Instant.EPOCH),
                settled,
                "restored",
                NOW)));
    driver.touched();
  }

  private final class Heard implements Rows.Listener {
    @Override
    public void unknown(String table, String reason) {
      unknown.add(table + " " + reason);
    }

    @Override
    public void complete(String table, boolean complete) {}

    @Override
    public void entries(long count) {}
  }
}
