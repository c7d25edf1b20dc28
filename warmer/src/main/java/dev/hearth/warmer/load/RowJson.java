package dev.hearth.warmer.load;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A row as a JSON object: the encoding that applications share with the warmer, byte for byte what
 * stands in the store. UTF-8, no white space, one member for each selected column, by its label, in
 * the order of the query. For one result set.
 *
 * <table>
 * <caption>How columns are written</caption>
 * <tr><td>smallint, integer, bigint, oid</td><td>number</td></tr>
 * <tr><td>numeric</td><td>number, plain decimal with its scale (12.50); NaN and the infinities as strings</td></tr>
 * <tr><td>real, double precision</td><td>number; NaN and the infinities as strings</td></tr>
 * <tr><td>boolean</td><td>true, false</td></tr>
 * <tr><td>timestamptz</td><td>string, ISO 8601 in UTC: 2026-11-23T08:15:30.123456Z</td></tr>
 * <tr><td>timestamp, date, time</td><td>string, ISO 8601 without a zone; infinity and -infinity as PostgreSQL writes them</td></tr>
 * <tr><td>json, jsonb</td><td>as it is, not a string</td></tr>
 * <tr><td>bytea</td><td>string, base64 (RFC 4648, padded)</td></tr>
 * <tr><td>arrays</td><td>array of the same, nested where the array is</td></tr>
 * <tr><td>NULL</td><td>null</td></tr>
 * <tr><td>everything else (text, uuid, enum, interval, ...)</td><td>string, as PostgreSQL writes it</td></tr>
 * </table>
 */
final class RowJson {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(com.fasterxml.jackson.core.StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
          .build();

  private static final DateTimeFormatter TIMESTAMP = DateTimeFormatter.ISO_LOCAL_DATE_TIME;

  private final List<String> labels;
  private final List<String> types;

  private RowJson(List<String> labels, List<String> types) {
    this.labels = labels;
    this.types = types;
  }

  /**
   * The encoding of a query's rows.
   *
   * @throws LoadException if two columns have the same label
   */
  static RowJson of(ResultSetMetaData columns) throws SQLException {
    List<String> labels = new ArrayList<>();
    List<String> types = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      String label = columns.getColumnLabel(i);
      if (!seen.add(label)) {
        throw new LoadException(
            "load selects two columns called \""
                + label
                + "\", which a JSON object cannot hold; rename one with: as other_name");
      }
      labels.add(label);
      types.add(columns.getColumnTypeName(i));
    }
    return new RowJson(labels, types);
  }

  List<String> labels() {
    return List.copyOf(labels);
  }

  /** As the catalog calls them. */
  List<String> types() {
    return List.copyOf(types);
  }

  /** The row that the result set stands on. */
  byte[] encode(ResultSet row) throws SQLException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      for (int i = 0; i < labels.size(); i++) {
        json.writeFieldName(labels.get(i));
        column(json, row, i + 1, types.get(i));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void column(JsonGenerator json, ResultSet row, int index, String type)
      throws SQLException, IOException {
    String text = row.getString(index);
    if (text == null) {
      json.writeNull();
    } else if (type.equals("timestamptz") && isFinite(text)) {
      json.writeString(instant(row.getObject(index, OffsetDateTime.class)));
    } else if (type.equals("timestamp") && isFinite(text)) {
      json.writeString(TIMESTAMP.format(row.getObject(index, LocalDateTime.class)));
    } else if (type.equals("date") && isFinite(text)) {
      json.writeString(row.getObject(index, LocalDate.class).toString());
    } else if (type.equals("bytea")) {
      json.writeBinary(row.getBytes(index));
    } else if (type.startsWith("_")) {
      Array array = row.getArray(index);
      array(json, array.getArray(), type.substring(1));
    } else {
      scalar(json, text, type);
    }
  }

  private static void array(JsonGenerator json, Object elements, String type) throws IOException {
    json.writeStartArray();
    for (Object element : (@Nullable Object[]) elements) {
      if (element == null) {
        json.writeNull();
      } else if (element instanceof Object[] nested) {
        array(json, nested, type);
      } else if (element instanceof byte[] bytes) {
        json.writeBinary(bytes);
      } else if (element instanceof java.sql.Timestamp timestamp) {
        json.writeString(
            type.equals("timestamptz")
                ? instant(timestamp.toInstant().atOffset(ZoneOffset.UTC))
                : TIMESTAMP.format(timestamp.toLocalDateTime()));
      } else if (element instanceof Boolean flag) {
        json.writeBoolean(flag);
      } else if (element instanceof BigDecimal number) {
        json.writeNumber(number);
      } else {
        scalar(json, element.toString(), type);
      }
    }
    json.writeEndArray();
  }

  /** A value that PostgreSQL's text says all about. */
  static void scalar(JsonGenerator json, String text, String type) throws IOException {
    switch (type) {
      case "int2", "int4", "int8", "oid", "serial", "bigserial", "smallserial" ->
          json.writeNumber(Long.parseLong(text));
      case "numeric" -> {
        if (isFinite(text)) {
          json.writeNumber(new BigDecimal(text));
        } else {
          json.writeString(text);
        }
      }
      case "float4" -> {
        float number = Float.parseFloat(text);
        if (Float.isFinite(number)) {
          json.writeNumber(number);
        } else {
          json.writeString(text);
        }
      }
      case "float8" -> {
        double number = Double.parseDouble(text);
        if (Double.isFinite(number)) {
          json.writeNumber(number);
        } else {
          json.writeString(text);
        }
      }
      case "bool" -> json.writeBoolean(text.startsWith("t"));
      case "json", "jsonb" -> json.writeRawValue(text);
      default -> json.writeString(text);
    }
  }

  /** Always with seconds, and only as many digits of a second as there are. */
  static String instant(OffsetDateTime at) {
    return TIMESTAMP.format(at.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime()) + "Z";
  }

  private static boolean isFinite(String text) {
    return !text.equalsIgnoreCase("NaN")
        && !text.equalsIgnoreCase("infinity")
        && !text.equalsIgnoreCase("-infinity");
  }
}
