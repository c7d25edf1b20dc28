package dev.hearth.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.ingest.capture.PartitionMarks;
import dev.hearth.ingest.capture.PartitionMarks.Mark;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which tables are distrusted, until when, and after what the catalog is to be read again. */
class TableWatchTest {
  private final TableWatch watch = new TableWatch();

  @Test
  void distrustsATableWhoseRowsMayHaveGoneWithoutReadingTheCatalogAgain() {
    partitions("1:d,2:d", "1:10,2:20");

    assertThat(partitions("1:d,2:d", "1:10,2:21")).isEmpty();

    assertThat(watch.distrusted(0)).containsOnlyKeys("public.stock");
  }

  @Test
  void hasTheCatalogReadAgainWhereAPartitionCameOrWent() {
    partitions("1:d,2:d", "1:10,2:20");

    assertThat(partitions("1:d", "1:10")).containsExactly("public.stock");

    assertThat(watch.distrusted(0)).containsOnlyKeys("public.stock");
  }

  @Test
  void saysEachOccasionOnceToASessionAndToTheNextOneWhatIsNotOnTheTopic() {
    partitions("1:d", "1:10");
    partitions("1:d", "1:11");
    long first = Collections.max(watch.distrusted(0).values());
    assertThat(watch.distrusted(first)).isEmpty();

    partitions("1:d", "1:12");

    long second = Collections.max(watch.distrusted(first).values());
    assertThat(second).isGreaterThan(first);
    watch.told("public.stock", first);
    assertThat(watch.distrusted(0)).as("the later one is not told").hasSize(1);
    watch.told("public.stock", second);
    assertThat(watch.distrusted(0)).isEmpty();
  }

  @Test
  void saysNothingWhereNothingChanged() {
    partitions("1:d", "1:10");

    assertThat(partitions("1:d", "1:10")).isEmpty();

    assertThat(watch.distrusted(0)).isEmpty();
  }

  private Set<String> partitions(String members, String files) {
    return watch.partitioned(new PartitionMarks(Map.of("public.stock", new Mark(members, files))));
  }
}
