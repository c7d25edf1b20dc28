package dev.hearth.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.InMemoryYamlConfig;
import com.hazelcast.config.MapConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * A map that a cluster names itself gets nothing from us, so the document must leave nothing out.
 */
class HazelcastMapDocumentTest {
  private static final String MAP = "hearth.entries";

  @Test
  void theDocumentedMapIsTheOneThatWeConfigureWithStatisticsOfEachEntry() throws IOException {
    String document = Files.readString(Path.of("../docs/heat.md"));
    int begin = document.indexOf("hazelcast:\n");
    String yaml = document.substring(begin, document.indexOf("```", begin));

    MapConfig documented = new InMemoryYamlConfig(yaml).findMapConfig(MAP);

    assertThat(documented)
        .isEqualTo(HazelcastStore.map(MAP).setPerEntryStatsEnabled(true))
        .isNotEqualTo(HazelcastStore.map(MAP));
  }
}
