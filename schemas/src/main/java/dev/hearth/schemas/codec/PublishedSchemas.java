package dev.hearth.schemas.codec;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/**
 * Every version of every schema that was ever published, from {@code published/NAME-VERSION.avsc}
 * on the class path. Versions count from 1 without gaps. A record written by any of them can be
 * read.
 */
final class PublishedSchemas {
  private PublishedSchemas() {}

  /** All versions of one record, oldest first. */
  static List<Schema> versionsOf(String name) {
    List<Schema> versions = new ArrayList<>();
    while (true) {
      String resource = "published/" + name + "-" + (versions.size() + 1) + ".avsc";
      try (InputStream in = PublishedSchemas.class.getResourceAsStream(resource)) {
        if (in == null) {
          return versions;
        }
        versions.add(new Schema.Parser().parse(in));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
