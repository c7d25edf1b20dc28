package dev.hearth.chassis.config;

import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a rule names by {@code table}: one table, or with {@code *} for any part of a schema's or a
 * table's name all whose names are so, such as {@code tenant_*.product}. Immutable.
 */
public final class TablePattern {
  private final String text;
  private final boolean wild;
  private final Pattern names;

  private TablePattern(String text) {
    this.text = text;
    this.wild = text.indexOf('*') >= 0;
    this.names = Pattern.compile(Pattern.quote(text).replace("*", "\\E[^.]*\\Q"), Pattern.DOTALL);
  }

  /** Of {@code schema.table}, with or without stars. */
  public static TablePattern of(String text) {
    return new TablePattern(text);
  }

  /** Whether it may stand for several tables, or none. */
  public boolean isWild() {
    return wild;
  }

  /** Whether a table, {@code schema.table}, is one of those it stands for. */
  public boolean matches(String table) {
    return wild ? names.matcher(table).matches() : text.equals(table);
  }

  /** Those of the tables that it stands for, in their order. */
  public List<String> of(Collection<String> tables) {
    return tables.stream().filter(this::matches).toList();
  }

  @Override
  public String toString() {
    return text;
  }
}
