package dev.hearth.schemas.key;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a column's value is written in a key, where the application writes it otherwise than the text
 * of a {@link dev.hearth.schemas.change.RowImage}. Immutable.
 */
public sealed interface KeyFormat {
  /** What a format can be of. */
  enum Takes {
    ANY,
    TEXT,
    INTEGER,
    NUMBER,
    UUID,
    /** A date, or a timestamp, which is taken in UTC. */
    DATE
  }

  /** As it is. */
  KeyFormat PLAIN = new Simple(Simple.Kind.PLAIN);

  /** What columns it is for. */
  Takes takes();

  /** The value as it stands in a key; empty where it is not what the format takes. */
  Optional<String> write(String value);

  /**
   * The value that was written so; empty where none was, or where it cannot be told from others.
   */
  Optional<String> read(String written);

  /** Whether a value can be read back. */
  boolean isReversible();

  /**
   * Reads what stands behind a column's name.
   *
   * @throws IllegalArgumentException with what is wrong and what to write
   */
  static KeyFormat parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    String argument = colon < 0 ? "" : text.substring(colon + 1);
    if (name.equals("pad")) {
      return Pad.parse(argument);
    }
    if (name.equals("date")) {
      return Date.parse(argument);
    }
    for (Simple.Kind kind : Simple.Kind.values()) {
      if (kind != Simple.Kind.PLAIN && kind.name().toLowerCase(Locale.ROOT).equals(name)) {
        if (colon >= 0) {
          throw new IllegalArgumentException(
              "the format '" + name + "' takes nothing behind it; write {column:" + name + "}");
        }
        return new Simple(kind);
      }
    }
    throw new IllegalArgumentException(
        "'"
            + name
            + "' is no format; expected upper, lower, urlencode, trim, compact, pad:8 or"
            + " date:yyyy-MM-dd");
  }

  /** A format without an argument. */
  record Simple(Kind kind) implements KeyFormat {
    /** Which. */
    enum Kind {
      PLAIN(Takes.ANY),
      /** Capitals, of any language: not the database's locale. */
      UPPER(Takes.TEXT),
      LOWER(Takes.TEXT),
      /** RFC 3986: all but letters, digits and - . _ ~ as %XX of UTF-8. */
      URLENCODE(Takes.ANY),
      /** A number without zeros behind its last digit after the point: 12.50 is 12.5. */
      TRIM(Takes.NUMBER),
      /** A uuid without its hyphens. */
      COMPACT(Takes.UUID);

      private final Takes takes;

      Kind(Takes takes) {
        this.takes = takes;
      }
    }

    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");
    private static final Pattern UUID =
        Pattern.compile("([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})");
    private static final Pattern COMPACT_UUID =
        Pattern.compile("([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})");

    @Override
    public Takes takes() {
      return kind.takes;
    }

    @Override
    public Optional<String> write(String value) {
      return switch (kind) {
        case PLAIN -> Optional.of(value);
        case UPPER -> Optional.of(value.toUpperCase(Locale.ROOT));
        case LOWER -> Optional.of(value.toLowerCase(Locale.ROOT));
        case URLENCODE -> Optional.of(encode(value));
        case TRIM -> trim(value);
        case COMPACT -> replace(UUID, "$1$2$3$4$5", value);
      };
    }

    @Override
    public Optional<String> read(String written) {
      Optional<String> value =
          switch (kind) {
            case PLAIN -> Optional.of(written);
            case UPPER, LOWER -> Optional.empty();
            case URLENCODE -> decode(written);
            // Numbers are equal whatever zeros they end with.
            case TRIM -> trim(written);
            case COMPACT -> replace(COMPACT_UUID, "$1-$2-$3-$4-$5", written);
          };
      return value.filter(read -> write(read).equals(Optional.of(written)));
    }

    @Override
    public boolean isReversible() {
      return kind != Kind.UPPER && kind != Kind.LOWER;
    }

    private static Optional<String> replace(Pattern from, String to, String value) {
      Matcher matcher = from.matcher(value);
      return matcher.matches() ? Optional.of(matcher.replaceAll(to)) : Optional.empty();
    }

    private static Optional<String> trim(String value) {
      if (!NUMBER.matcher(value).matches()) {
        return value.equals("NaN") || value.endsWith("Infinity")
            ? Optional.of(value)
            : Optional.empty();
      }
      BigDecimal number = new BigDecimal(value);
      return Optional.of(number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString());
    }

    private static String encode(String value) {
      StringBuilder encoded = new StringBuilder();
      for (byte each : value.getBytes(StandardCharsets.UTF_8)) {
        char c = (char) (each & 0xFF);
        if ((c >= 'a' && c <= 'z')
            || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || "-._~".indexOf(c) >= 0) {
          encoded.append(c);
        } else {
          encoded.append('%').append(String.format(Locale.ROOT, "%02X", (int) c));
        }
      }
      return encoded.toString();
    }

    private static Optional<String> decode(String written) {
      try {
        // A plus is a space to the decoder only.
        return Optional.of(URLDecoder.decode(written.replace("+", "%2B"), StandardCharsets.UTF_8));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }

    @Override
    public String toString() {
      return kind == Kind.PLAIN ? "" : ":" + kind.name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A whole number with zeros in front.
   *
   * @param digits least number of digits, 1 to 40
   */
  record Pad(int digits) implements KeyFormat {
    private static final Pattern DIGITS = Pattern.compile("[1-9]|[1-3][0-9]|40");
    private static final Pattern INTEGER = Pattern.compile("(-?)(\\d+)");

    static Pad parse(String argument) {
      if (!DIGITS.matcher(argument).matches()) {
        throw new IllegalArgumentException(
            "the format 'pad' takes a number of digits from 1 to 40; write such as"
                + " {column:pad:8}");
      }
      return new Pad(Integer.parseInt(argument));
    }

    @Override
    public Takes takes() {
      return Takes.INTEGER;
    }

    @Override
    public Optional<String> write(String value) {
      Matcher integer = INTEGER.matcher(value);
      return integer.matches()
          ? Optional.of(
              integer.group(1)
                  + "0".repeat(Math.max(0, digits - integer.group(2).length()))
                  + integer.group(2))
          : Optional.empty();
    }

    @Override
    public Optional<String> read(String written) {
      Matcher integer = INTEGER.matcher(written);
      if (!integer.matches()) {
        return Optional.empty();
      }
      String value = new java.math.BigInteger(written).toString();
      return Optional.of(value).filter(read -> write(read).equals(Optional.of(written)));
    }

    @Override
    public boolean isReversible() {
      return true;
    }

    @Override
    public String toString() {
      return ":pad:" + digits;
    }
  }

  /** A date or a timestamp by a pattern of y, M, d, H, m, s and S. */
  record Date(String pattern, DateTimeFormatter formatter) implements KeyFormat {
    private static final Pattern ALLOWED = Pattern.compile("([yMdHmsS]|[^A-Za-z{}\\[\\]#']|'T')+");

    static Date parse(String argument) {
      if (!ALLOWED.matcher(argument).matches()
          || argument.chars().noneMatch(c -> "yMdHmsS".indexOf(c) >= 0)) {
        throw wrong();
      }
      try {
        return new Date(
            argument,
            // u is the year that y would need an era for.
            DateTimeFormatter.ofPattern(argument.replace('y', 'u'), Locale.ROOT)
                .withResolverStyle(ResolverStyle.STRICT));
      } catch (IllegalArgumentException e) {
        throw wrong();
      }
    }

    private static IllegalArgumentException wrong() {
      return new IllegalArgumentException(
          "the format 'date' takes a pattern of y, M, d, H, m, s, S and signs between them; write"
              + " such as {column:date:yyyy-MM-dd}");
    }

    @Override
    public Takes takes() {
      return Takes.DATE;
    }

    @Override
    public Optional<String> write(String value) {
      if (value.endsWith("infinity")) {
        return Optional.of(value);
      }
      try {
        return Optional.of(formatter.format(moment(value)));
      } catch (DateTimeException e) {
        return Optional.empty();
      }
    }

    /** A date is at midnight. */
    private static LocalDateTime moment(String value) {
      String local = value.endsWith("Z") ? value.substring(0, value.length() - 1) : value;
      return local.indexOf('T') < 0
          ? LocalDate.parse(local).atStartOfDay()
          : LocalDateTime.parse(local);
    }

    @Override
    public Optional<String> read(String written) {
      if (!isReversible()) {
        return Optional.empty();
      }
      try {
        TemporalAccessor parsed = formatter.parse(written);
        String value =
            pattern.indexOf('H') < 0
                ? LocalDate.from(parsed).toString()
                : DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(LocalDateTime.from(parsed));
        return Optional.of(value).filter(read -> write(read).equals(Optional.of(written)));
      } catch (DateTimeException e) {
        return Optional.empty();
      }
    }

    /** A day of no year, or a minute of no day, is many. */
    @Override
    public boolean isReversible() {
      boolean day = "yMd".chars().allMatch(c -> pattern.indexOf(c) >= 0);
      boolean time = pattern.chars().anyMatch(c -> "HmsS".indexOf(c) >= 0);
      return day && (!time || "Hms".chars().allMatch(c -> pattern.indexOf(c) >= 0));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Date date && date.pattern.equals(pattern);
    }

    @Override
    public int hashCode() {
      return pattern.hashCode();
    }

    @Override
    public String toString() {
      return ":date:" + pattern;
    }
  }
}
