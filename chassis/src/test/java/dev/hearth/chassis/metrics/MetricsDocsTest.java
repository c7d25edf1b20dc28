package dev.hearth.chassis.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MetricsDocsTest {

  private static final Path DOCUMENT = Path.of("..", "docs", "metrics.md");

  @Test
  void theDocumentIsWhatTheCodeSays() throws IOException {
    if (Boolean.getBoolean("hearth.docs.write")) {
      Files.writeString(DOCUMENT, MetricsDocs.render());
    }

    assertThat(DOCUMENT)
        .as(
            "docs/metrics.md is stale; run: ./mvnw -pl chassis test -Dtest=MetricsDocsTest"
                + " -Dhearth.docs.write=true")
        .content()
        .isEqualTo(MetricsDocs.render());
  }
}
