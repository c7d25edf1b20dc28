package dev.hearth.ingest.decode;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The types whose values have one text (see {@link dev.hearth.schemas.change.RowImage}), whether
 * they come from the log or from a query. A type that is not here has none that could be relied on:
 * rules cannot read its columns.
 */
public enum ColumnType {
  /** Its text is PostgreSQL's. */
  PLAIN,
  BOOLEAN {
    @Override
    String normal(String selected) {
      return switch (selected) {
        case "t" -> "true";
        case "f" -> "false";
        default -> throw new IllegalArgumentException("no boolean");
      };
    }
  },
  REAL {
    @Override
    String normal(String selected) {
      return ColumnText.number(Float.valueOf(selected));
    }
  },
  DOUBLE {
    @Override
    String normal(String selected) {
      return ColumnText.number(Double.valueOf(selected));
    }
  },
  NUMERIC {
    @Override
    String normal(String selected) {
      return Character.isDigit(selected.charAt(selected.length() - 1))
          ? new BigDecimal(selected).toPlainString()
          : selected;
    }
  },
  BYTES {
    @Override
    public String expression(String column) {
      return "encode(" + column + ", 'hex')";
    }
  },
  DATE {
    @Override
    String normal(String selected) {
      return ColumnText.isInfinite(selected) ? selected : date(match(DAY, selected)).toString();
    }
  },
  TIME,
  TIMESTAMP {
    @Override
    String normal(String selected) {
      return ColumnText.isInfinite(selected) ? selected : timestamp(selected);
    }
  },
  ZONED_TIMESTAMP {
    @Override
    public String expression(String column) {
      return column + " at time zone 'UTC'";
    }

    @Override
    String normal(String selected) {
      return ColumnText.isInfinite(selected) ? selected : timestamp(selected) + "Z";
    }
  };

  private static final Pattern DAY =
      Pattern.compile("(?<year>\\d+)-(?<month>\\d\\d)-(?<day>\\d\\d)(?<bc> BC)?");
  private static final Pattern MOMENT =
      Pattern.compile(
          "(?<year>\\d+)-(?<month>\\d\\d)-(?<day>\\d\\d)"
              + " (?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)(\\.(?<fraction>\\d{1,6}))?"
              + "(?<bc> BC)?");

  private static final Set<String> AS_POSTGRES_PRINTS =
      Set.of(
          "int2", "int4", "int8", "oid", "text", "varchar", "bpchar", "citext", "uuid", "json",
          "jsonb", "xml", "inet", "cidr", "macaddr");
  private static final Map<String, ColumnType> OTHERS =
      Map.of(
          "bool", BOOLEAN,
          "float4", REAL,
          "float8", DOUBLE,
          "numeric", NUMERIC,
          "bytea", BYTES,
          "date", DATE,
          "time", TIME,
          "timestamp", TIMESTAMP,
          "timestamptz", ZONED_TIMESTAMP);

  /** What a sentence calls those that there are. */
  public static final String KNOWN =
      "numbers, text, boolean, uuid, bytea, date, time, timestamp, timestamptz, json, xml, inet,"
          + " cidr, macaddr, enums, and domains of these";

  /**
   * The type of a column; empty where its text cannot be relied on.
   *
   * @param name in the catalog, of a domain's base type
   * @param enumerated whether it is an enum
   */
  public static Optional<ColumnType> of(String name, boolean enumerated) {
    return enumerated || AS_POSTGRES_PRINTS.contains(name)
        ? Optional.of(PLAIN)
        : Optional.ofNullable(OTHERS.get(name));
  }

  /** What to select for a column, so that {@link #text} can read it. */
  public String expression(String column) {
    return column;
  }

  /**
   * The text of a value that was selected by {@link #expression}; null for SQL NULL. The session's
   * DateStyle is ISO.
   */
  public @Nullable String text(@Nullable String selected) {
    return selected == null ? null : normal(selected);
  }

  String normal(String selected) {
    return selected;
  }

  private static LocalDate date(Matcher parts) {
    int year = Integer.parseInt(parts.group("year"));
    return LocalDate.of(
        parts.group("bc") == null ? year : 1 - year,
        Integer.parseInt(parts.group("month")),
        Integer.parseInt(parts.group("day")));
  }

  private static String timestamp(String selected) {
    Matcher parts = match(MOMENT, selected);
    String fraction = parts.group("fraction") == null ? "" : parts.group("fraction");
    LocalDateTime moment =
        date(parts)
            .atTime(
                Integer.parseInt(parts.group("hour")),
                Integer.parseInt(parts.group("minute")),
                Integer.parseInt(parts.group("second")),
                Integer.parseInt((fraction + "000000000").substring(0, 9)));
    return ColumnText.moment(moment);
  }

  private static Matcher match(Pattern pattern, String selected) {
    Matcher parts = pattern.matcher(selected);
    if (!parts.matches()) {
      throw new IllegalArgumentException("a date or time is not written as ISO 8601");
    }
    return parts;
  }
}
