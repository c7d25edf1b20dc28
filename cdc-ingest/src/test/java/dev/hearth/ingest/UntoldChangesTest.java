package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.StreamMark;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What the log does not tell, such as values that an ALTER TABLE writes anew, while the ingest runs
 * and while none does: it is published as a change of which nothing is known, of the tables
 * concerned and of no others.
 */
class UntoldChangesTest {
  private static final String SCHEMA =
      """
      create table category (id int primary key, name text);
      create table product (id int primary key, note text);
      create table stock (id int, region text, primary key (id, region))
        partition by list (region);
      create table stock_eu partition of stock for values in ('eu');
      insert into category values (1, 'cups');
      insert into product select i, 'n' from generate_series(1, 5) i;
      insert into stock select i, 'eu' from generate_series(1, 5) i;
      """;
  private static final String RULES =
      """
      caches:
        category: { stores: [ redis ], key: "category:{id}" }
        product: { stores: [ redis ], key: "product:{id}" }
        stock: { stores: [ redis ], key: "stock:{id}:{region}" }
      rules:
        - { table: public.category, keys: [ "category:{id}" ] }
        - { table: public.product, keys: [ "product:{id}" ] }
        - { table: public.stock, keys: [ "stock:{id}:{region}" ] }
      """;

  @Test
  void whatHappensWhileNoneRunsIsToldAtTheNextStart() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      first.close();
      source.awaitIdleSlot();

      source.execute("truncate stock_eu");
      source.execute("alter table product alter note type text using 'rewritten'");
      source.start(config);
      throughTheLog(source, reader, 2);

      assertThat(unknown(reader)).containsOnly("public.product", "public.stock");
      assertThat(epochs(reader)).as("only the birth's").hasSize(2);
    }
  }

  @Test
  void aStartAfterWhichNothingIsOtherwiseTellsNothing() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      String atFirst = told(source, "public.stock");
      source.execute("truncate stock_eu");
      eventually(() -> assertThat(told(source, "public.stock")).isNotIn("", atFirst));
      first.close();
      source.awaitIdleSlot();
      reader.readToEnd();
      List<String> before = unknown(reader);
      assertThat(before).containsOnly("public.stock");

      source.start(config);
      throughTheLog(source, reader, 2);

      assertThat(unknown(reader)).isEqualTo(before);
      assertThat(epochs(reader)).as("only the birth's").hasSize(2);
    }
  }

  @Test
  void valuesThatAnAlterTableWritesAnewInAColumnThatNoRuleReadsAreTold() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute("alter table product alter note type text using 'rewritten'");

      eventually(() -> assertThat(unknown(reader)).contains("public.product"));
      assertThat(unknown(reader)).containsOnly("public.product");
    }
  }

  @Test
  void aFileOfWhichTheLogTellsNoTruncateIsTold() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute("vacuum full product");

      eventually(() -> assertThat(unknown(reader)).contains("public.product"));
      assertThat(unknown(reader)).containsOnly("public.product");
    }
  }

  /** Waits for a change that comes after everything that a session tells at its beginning. */
  private static void throughTheLog(SourceFixture source, SourceFixture.Reader reader, int id)
      throws Exception {
    source.execute("insert into category values (" + id + ", 'new')");
    eventually(() -> assertThat(reader.keyed()).contains("INSERT public.category:" + id));
  }

  /** What whoever leads next will take as told of a table; empty where nothing. */
  private static String told(SourceFixture source, String table) {
    return new PublishedHistory(source.topics, source.kafka)
        .latestEpoch(source.name)
        .map(epoch -> epoch.tables().digests().getOrDefault(table, ""))
        .orElse("");
  }

  private static List<StreamMark> epochs(SourceFixture.Reader reader) {
    return reader.marks().stream().filter(EpochRaised.class::isInstance).toList();
  }

  /** Tables of which it was published that nothing is known. */
  private static List<String> unknown(SourceFixture.Reader reader) {
    return reader.changes().stream()
        .filter(
            change ->
                change.operation() == Operation.UPDATE
                    && change.before().equals(RowImage.UNKNOWN)
                    && change.after().equals(RowImage.UNKNOWN))
        .map(ChangeEvent::table)
        .toList();
  }
}
