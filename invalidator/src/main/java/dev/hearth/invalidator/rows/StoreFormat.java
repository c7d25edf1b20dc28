package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.RowImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of the store as bytes. Pure.
 *
 * <p>Parts of a key are separated by a zero byte, which PostgreSQL allows in no name and no text.
 * Column names are not in the values of rows: their order is that of the table's life.
 */
final class StoreFormat {
  static final char LIFE = 'l';
  static final char ROW = 'r';
  static final char ENTRY = 'e';
  static final char SWEPT = 's';

  private static final char SEPARATOR = '\0';
  private static final int UNKNOWN = -2;
  private static final int NULL = -1;

  private StoreFormat() {}

  @FunctionalInterface
  private interface Writing {
    void to(DataOutputStream out) throws IOException;
  }

  @FunctionalInterface
  private interface Reading<T> {
    T from(DataInputStream in) throws IOException;
  }

  static byte[] key(char kind, String... parts) {
    return (kind + String.valueOf(SEPARATOR) + String.join(String.valueOf(SEPARATOR), parts))
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The beginning of all keys with these parts. */
  static byte[] prefix(char kind, String... parts) {
    byte[] key = key(kind, parts);
    if (parts.length == 0) {
      return key;
    }
    return ByteBuffer.allocate(key.length + 1).put(key).put((byte) SEPARATOR).array();
  }

  /** Kind and parts of a key. */
  static List<String> parts(byte[] key) {
    return List.of(new String(key, StandardCharsets.UTF_8).split(String.valueOf(SEPARATOR), -1));
  }

  static byte[] life(TableLife life) {
    return write(
        out -> {
          out.writeLong(life.since());
          out.writeLong(life.completeFrom());
          out.writeUTF(life.snapshot());
          names(out, life.columns());
          names(out, life.indexed());
        });
  }

  private static void names(DataOutputStream out, List<String> names) throws IOException {
    out.writeInt(names.size());
    for (String name : names) {
      out.writeUTF(name);
    }
  }

  static TableLife life(byte[] bytes) {
    return read(
        bytes,
        in -> {
          long since = in.readLong();
          long completeFrom = in.readLong();
          String snapshot = in.readUTF();
          List<String> columns = names(in);
          // Earlier versions did not write down what they could find rows by.
          List<String> indexed = in.available() == 0 ? List.of() : names(in);
          return new TableLife(since, columns, indexed, snapshot, completeFrom);
        });
  }

  private static List<String> names(DataInputStream in) throws IOException {
    List<String> names = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      names.add(in.readUTF());
    }
    return names;
  }

  static byte[] row(StoredRow row, List<String> columns) {
    return write(
        out -> {
          out.writeByte(row.versions().size());
          for (StoredRow.Version version : row.versions()) {
            out.writeLong(version.offset());
            out.writeLong(version.lsn());
            out.writeBoolean(version.image().isPresent());
            if (version.image().isPresent()) {
              for (String column : columns) {
                value(out, version.image().get(), column);
              }
            }
          }
        });
  }

  private static void value(DataOutputStream out, RowImage image, String column)
      throws IOException {
    Optional<String> value = image.value(column);
    if (value.isEmpty()) {
      out.writeInt(image.knows(column) ? NULL : UNKNOWN);
    } else {
      byte[] text = value.get().getBytes(StandardCharsets.UTF_8);
      out.writeInt(text.length);
      out.write(text);
    }
  }

  static StoredRow row(byte[] bytes, List<String> columns) {
    return read(
        bytes,
        in -> {
          List<StoredRow.Version> versions = new ArrayList<>();
          for (int left = in.readByte(); left > 0; left--) {
            long offset = in.readLong();
            long lsn = in.readLong();
            Optional<RowImage> image =
                in.readBoolean() ? Optional.of(image(in, columns)) : Optional.empty();
            versions.add(new StoredRow.Version(offset, lsn, image));
          }
          return new StoredRow(versions);
        });
  }

  private static RowImage image(DataInputStream in, List<String> columns) throws IOException {
    Map<String, @Nullable String> values = new LinkedHashMap<>();
    for (String column : columns) {
      int length = in.readInt();
      if (length == NULL) {
        values.put(column, null);
      } else if (length != UNKNOWN) {
        values.put(column, new String(in.readNBytes(length), StandardCharsets.UTF_8));
      }
    }
    return new RowImage(values);
  }

  static byte[] number(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  static long number(byte[] bytes) {
    return ByteBuffer.wrap(bytes).getLong();
  }

  private static byte[] write(Writing writing) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writing.to(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static <T> T read(byte[] bytes, Reading<T> reading) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      return reading.from(in);
    } catch (IOException e) {
      throw new UncheckedIOException("a value of the store of rows ends too early", e);
    }
  }
}
