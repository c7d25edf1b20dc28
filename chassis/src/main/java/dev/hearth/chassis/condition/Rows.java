package dev.hearth.chassis.condition;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The old and the new row of one change, each column as text: a null value is SQL NULL, a column
 * that is absent is not known. Of a row that there is not, every column is absent.
 */
record Rows(Map<String, @Nullable String> before, Map<String, @Nullable String> after) {}
