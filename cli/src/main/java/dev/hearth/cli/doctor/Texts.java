package dev.hearth.cli.doctor;

import java.time.Duration;
import java.util.Locale;

/** Amounts as people read them. Pure. */
final class Texts {
  private static final long KILO = 1024;

  private Texts() {}

  static String duration(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + " min";
    }
    return seconds < 48 * 3600 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
  }

  static String bytes(long bytes) {
    if (bytes < KILO) {
      return bytes + " B";
    }
    double amount = bytes;
    String[] units = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    while (amount >= KILO && unit < units.length - 1) {
      amount /= KILO;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", amount, units[unit]);
  }
}
