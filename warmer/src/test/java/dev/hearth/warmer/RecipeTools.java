package dev.hearth.warmer;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * As much of curl and openssl as the recipes use, for machines that have only a JDK. Other options
 * are refused, so that a recipe cannot mean something here that it does not mean there.
 */
final class RecipeTools {
  private RecipeTools() {}

  /** Makes a directory of commands that a PATH may begin with. */
  static Path commands(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (String tool : List.of("curl", "openssl")) {
      Path command = directory.resolve(tool);
      Files.writeString(
          command,
          "#!/bin/sh\nexec '%s' -XX:TieredStopAtLevel=1 -cp '%s' %s %s \"$@\"\n"
              .formatted(
                  Path.of(System.getProperty("java.home"), "bin", "java"),
                  Path.of("target", "test-classes").toAbsolutePath(),
                  RecipeTools.class.getName(),
                  tool));
      Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return directory;
  }

  public static void main(String[] arguments) throws Exception {
    List<String> all = List.of(arguments);
    System.out.print(
        switch (all.get(0)) {
          case "curl" -> curl(all.subList(1, all.size()));
          case "openssl" -> openssl(all.subList(1, all.size()));
          default -> throw new IllegalArgumentException(all.get(0));
        });
  }

  private static String openssl(List<String> arguments) throws Exception {
    if (arguments.equals(List.of("rand", "-hex", "16"))) {
      byte[] random = new byte[16];
      new SecureRandom().nextBytes(random);
      return HexFormat.of().formatHex(random) + "\n";
    }
    if (arguments.size() == 4
        && arguments.subList(0, 3).equals(List.of("dgst", "-sha256", "-hmac"))) {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(arguments.get(3).getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return "SHA2-256(stdin)= "
          + HexFormat.of().formatHex(mac.doFinal(System.in.readAllBytes()))
          + "\n";
    }
    throw new IllegalArgumentException("openssl " + arguments.get(0));
  }

  private static String curl(List<String> arguments) throws Exception {
    List<String> left = new ArrayList<>(arguments);
    HttpRequest.Builder request = HttpRequest.newBuilder();
    boolean status = false;
    while (!left.isEmpty()) {
      String next = left.remove(0);
      switch (next) {
        case "-sS" -> {}
        case "--max-time" -> request.timeout(Duration.ofSeconds(Long.parseLong(left.remove(0))));
        case "-w" -> {
          require(left.remove(0).equals("\\n%{http_code}"), "-w");
          status = true;
        }
        case "-H" -> {
          String[] header = left.remove(0).split(": ", 2);
          request.header(header[0], header[1]);
        }
        case "--data-binary" -> {
          require(left.remove(0).equals("@-"), "--data-binary");
          request.POST(HttpRequest.BodyPublishers.ofByteArray(System.in.readAllBytes()));
        }
        default -> {
          require(next.startsWith("http://"), next);
          request.uri(URI.create(next));
        }
      }
    }
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    return response.body() + (status ? "\n" + response.statusCode() : "");
  }

  private static void require(boolean holds, String option) {
    if (!holds) {
      throw new IllegalArgumentException("curl " + option);
    }
  }
}
