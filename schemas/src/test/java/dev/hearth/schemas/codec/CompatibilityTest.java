package dev.hearth.schemas.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What was published stays readable, and what is written stays readable to those who know only what
 * was published.
 */
class CompatibilityTest {
  private static final Path PUBLISHED =
      Path.of("src/main/resources/dev/hearth/schemas/codec/published");

  static Stream<Schema> current() {
    return WireCodec.instance().recordTypes().stream().map(WireCodec.instance()::schemaOf);
  }

  @ParameterizedTest
  @MethodSource("current")
  void everySchemaIsPublished(Schema current) throws IOException {
    List<Schema> versions = PublishedSchemas.versionsOf(current.getName());
    boolean published = !versions.isEmpty() && versions.get(versions.size() - 1).equals(current);
    if (!published && Boolean.getBoolean("hearth.schemas.publish")) {
      Files.createDirectories(PUBLISHED);
      Files.writeString(
          PUBLISHED.resolve(current.getName() + "-" + (versions.size() + 1) + ".avsc"),
          current.toString(true) + "\n");
      return;
    }
    assertThat(published)
        .as(
            "the schema of %s is not its latest published version; if the change is meant, publish"
                + " it: ./mvnw -pl schemas test -Dtest=CompatibilityTest"
                + " -Dhearth.schemas.publish=true",
            current.getName())
        .isTrue();
  }

  @ParameterizedTest
  @MethodSource("current")
  void everyPublishedVersionReadsEveryOther(Schema current) {
    List<Schema> versions = PublishedSchemas.versionsOf(current.getName());
    for (Schema reader : versions) {
      for (Schema writer : versions) {
        assertThat(compatibility(reader, writer))
            .as("%s read as %s", writer, reader)
            .isEqualTo(SchemaCompatibilityType.COMPATIBLE);
      }
    }
    for (Schema version : versions) {
      assertThat(compatibility(current, version)).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
      assertThat(compatibility(version, current)).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
    }
  }

  @Test
  void aFieldWithoutADefaultWouldBeNoticed() {
    Schema published =
        new Schema.Parser()
            .parse(
                """
                {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}
                """);
    Schema changed =
        new Schema.Parser()
            .parse(
                """
                {"type": "record", "name": "R",
                 "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "long"}]}
                """);

    assertThat(compatibility(changed, published)).isEqualTo(SchemaCompatibilityType.INCOMPATIBLE);
  }

  private static SchemaCompatibilityType compatibility(Schema reader, Schema writer) {
    return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType();
  }
}
