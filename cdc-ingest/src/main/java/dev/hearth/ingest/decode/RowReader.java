package dev.hearth.ingest.decode;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** The columns of a row that the log carries, as text; pure. */
final class RowReader {
  /** The placeholder for bytea, which the engine delivers as hexadecimal digits. */
  private static final String UNAVAILABLE_BYTES =
      HexFormat.of().formatHex(ChangeDecoder.UNAVAILABLE.getBytes(StandardCharsets.UTF_8));

  private final TableShape shape;

  RowReader(TableShape shape) {
    this.shape = shape;
  }

  /** What rules read, and what identifies the row. */
  Set<String> wanted() {
    Set<String> wanted = new TreeSet<>(shape.needed());
    wanted.addAll(shape.identity());
    return wanted;
  }

  /**
   * The values of some columns; large values that an update did not touch are left out.
   *
   * @throws IllegalArgumentException if a value cannot be read
   */
  Map<String, @Nullable String> read(Struct row, Set<String> columns) {
    Map<String, @Nullable String> values = new LinkedHashMap<>();
    for (String column : columns) {
      Field field = row.schema().field(column);
      String text = ColumnText.of(row, field, shape.types().getOrDefault(column, ColumnType.PLAIN));
      if (!ChangeDecoder.UNAVAILABLE.equals(text) && !UNAVAILABLE_BYTES.equals(text)) {
        values.put(column, text);
      }
    }
    return values;
  }

  /**
   * A row of which a wanted column is missing was written when the table had no such column. That
   * is not a value that the row left as it was, and must not be taken for one.
   *
   * @throws IllegalArgumentException which says so
   */
  void requireWanted(Schema row) {
    Set<String> missing = wanted();
    row.fields().forEach(field -> missing.remove(field.name()));
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          shape.table()
              + " was written without "
              + String.join(", ", missing)
              + ", which rules read; its columns were "
              + row.fields().stream().map(Field::name).collect(Collectors.joining(", ")));
    }
  }
}
