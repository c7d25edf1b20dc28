package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeRecord;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/**
 * One UPDATE and one COPY of many rows, within a small heap. The figures: {@code
 * -Dhearth.rows=1000000 -Dhearth.heap=512m}.
 */
class LargeTransactionTest {
  private static final int ROWS = Integer.getInteger("hearth.rows", 50_000);
  private static final String HEAP = System.getProperty("hearth.heap", "96m");
  private static final int MOST_ATTEMPTS = 4;
  private static final String RULES =
      """
      caches:
        product: { stores: [ redis ], key: "product:{id}" }
        category: { stores: [ redis ], key: "category:{id}" }
      rules:
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
      """;

  @Test
  void anUpdateAndACopyOfManyRowsFitIntoASmallHeap(@TempDir Path directory) throws Exception {
    try (SourceFixture source =
        new SourceFixture(
            """
            create table product (id int primary key, category_id int, name text);
            alter table product replica identity full;
            """)) {
      source.execute(
          "insert into product select i, 1, 'product number ' || i from generate_series(1, %d) i"
              .formatted(ROWS));
      Process ingest = IngestProcess.start(source.yaml(RULES), HEAP, directory);
      try (SourceFixture.Reader reader = source.reader()) {
        awaitStart(reader, ingest);
        long began = System.nanoTime();

        source.execute("update product set category_id = 2");
        receive(reader, ingest, 1);
        long updated = System.nanoTime();
        copy(source);
        receive(reader, ingest, ROWS + 1);

        System.out.printf(
            "%,d rows, heap %s: UPDATE %,d ms, COPY %,d ms%n",
            ROWS,
            HEAP,
            TimeUnit.NANOSECONDS.toMillis(updated - began),
            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - updated));
        ingest.getOutputStream().close();
        assertThat(ingest.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(ingest.exitValue()).isZero();
        Files.readAllLines(directory.resolve("out")).stream()
            .filter(line -> line.startsWith("heap peak"))
            .forEach(System.out::println);
      } catch (Throwable e) {
        Files.readAllLines(directory.resolve("out")).forEach(System.out::println);
        throw e;
      } finally {
        ingest.destroyForcibly();
        ingest.waitFor(30, TimeUnit.SECONDS);
      }
    }
  }

  /** A second JVM beside many others may need a while. */
  private static void awaitStart(SourceFixture.Reader reader, Process ingest) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        reader.awaitWatermarkOfASettledEpoch();
        return;
      } catch (AssertionError e) {
        if (attempt == MOST_ATTEMPTS || !ingest.isAlive()) {
          throw e;
        }
      }
    }
  }

  private static void copy(SourceFixture source) throws Exception {
    StringBuilder rows = new StringBuilder();
    for (int i = 1; i <= ROWS; i++) {
      rows.append(ROWS + i).append(",3,copied number ").append(i).append('\n');
    }
    try (Connection connection = source.connect()) {
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn("copy product from stdin (format csv)", new StringReader(rows.toString()));
    }
  }

  /** Waits for a change of each row from an id on; one may come twice. */
  private static void receive(SourceFixture.Reader reader, Process ingest, int first)
      throws Exception {
    BitSet seen = new BitSet();
    while (seen.cardinality() < ROWS) {
      // The bound is for each stretch, since there may be a million.
      int before = seen.cardinality();
      eventually(
          () -> {
            assertThat(ingest.isAlive()).isTrue();
            for (ChangeRecord record : reader.next()) {
              if (record instanceof ChangeEvent change && change.after().knows("id")) {
                seen.set(Integer.parseInt(change.after().value("id").orElseThrow()) - first);
              }
            }
            assertThat(seen.cardinality()).isGreaterThan(before);
          });
    }
  }
}
