package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import redis.embedded.core.ExecutableProvider;

/**
 * The Redis to run: the one on the PATH when it is newer than the one that embedded-redis carries.
 * All servers of a data directory share it. Safe for use by many threads.
 */
final class RedisExecutable {
  private static final List<Integer> CARRIED = List.of(6, 2, 11);
  private static final Pattern VERSION = Pattern.compile("v=(\\d+)\\.(\\d+)\\.(\\d+)");

  private final DataDirectory data;
  private @Nullable Path found;

  RedisExecutable(DataDirectory data) {
    this.data = data;
  }

  /** Where it is; the carried one is unpacked on the first call. */
  synchronized Path path() throws IOException {
    Path present = found;
    if (present == null) {
      Optional<Path> installed =
          CommandPath.find("redis-server").filter(file -> isNewer(versionLine(file)));
      present =
          installed.isPresent()
              ? installed.get()
              : ExecutableProvider.newJarResourceProvider(data.subdirectory("redis").toFile())
                  .get()
                  .toPath();
      found = present;
    }
    return present;
  }

  static boolean isNewer(String versionLine) {
    Matcher matcher = VERSION.matcher(versionLine);
    if (!matcher.find()) {
      return false;
    }
    int[] found = new int[CARRIED.size()];
    for (int i = 0; i < found.length; i++) {
      found[i] = Integer.parseInt(matcher.group(i + 1));
    }
    return Arrays.compare(found, CARRIED.stream().mapToInt(Integer::intValue).toArray()) > 0;
  }

  private static String versionLine(Path executable) {
    try {
      Process process =
          new ProcessBuilder(executable.toString(), "--version").redirectErrorStream(true).start();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
