package dev.hearth.chassis.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigurationDocsTest {

  private static final Path DOCUMENT = Path.of("..", "docs", "configuration.md");

  @Test
  void theDocumentIsWhatTheCodeSays() throws IOException {
    if (Boolean.getBoolean("hearth.docs.write")) {
      Files.writeString(DOCUMENT, ConfigurationDocs.render());
    }

    assertThat(DOCUMENT)
        .as(
            "docs/configuration.md is stale; run: ./mvnw -pl chassis test -Dtest=ConfigurationDocsTest"
                + " -Dhearth.docs.write=true")
        .content()
        .isEqualTo(ConfigurationDocs.render());
  }
}
