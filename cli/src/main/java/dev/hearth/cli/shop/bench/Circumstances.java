package dev.hearth.cli.shop.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What figures mean nothing without.
 *
 * @param command as it was typed
 * @param date of the beginning, in UTC
 * @param machine processors and memory, operating system, Java
 * @param loadBefore average number of busy processors in the minute before; negative where the
 *     system does not tell
 * @param loadAfter the same at the end, the benchmark itself included
 */
public record Circumstances(
    String command, String date, String machine, double loadBefore, double loadAfter) {

  /** As they are at the beginning. */
  public static Circumstances now(String command, String version) {
    double load = load();
    return new Circumstances(
        command,
        DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT)
            .format(Instant.now().atOffset(ZoneOffset.UTC)),
        described() + ", hearth " + version,
        load,
        load);
  }

  public Circumstances atTheEnd() {
    return new Circumstances(command, date, machine, loadBefore, load());
  }

  private static double load() {
    return Figures.rounded(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  private static String described() {
    return String.format(
        Locale.ROOT,
        "%s%d processors%s, %s %s, Java %s",
        lineOf("/proc/cpuinfo", "model name").map(model -> model + ", ").findFirst().orElse(""),
        Runtime.getRuntime().availableProcessors(),
        lineOf("/proc/meminfo", "MemTotal")
            .map(total -> total.replaceAll("\\D", ""))
            .filter(kibibytes -> !kibibytes.isEmpty())
            .map(kibibytes -> ", " + Math.round(Long.parseLong(kibibytes) / 1048576.0) + " GB")
            .findFirst()
            .orElse(""),
        System.getProperty("os.name"),
        System.getProperty("os.version"),
        System.getProperty("java.version"));
  }

  /** What Linux tells; nothing elsewhere. */
  private static Stream<String> lineOf(String file, String name) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(line -> line.startsWith(name) && line.contains(":"))
          .map(line -> line.substring(line.indexOf(':') + 1).trim());
    } catch (IOException e) {
      return Stream.empty();
    }
  }
}
