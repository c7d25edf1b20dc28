package dev.hearth.cli;

import java.net.URI;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which running service a command asks. */
final class ServiceOptions {
  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "${env:HEARTH_URL:-http://127.0.0.1:8080}",
      description = "Service to ask; default: ${DEFAULT-VALUE}.")
  private URI url = URI.create("http://127.0.0.1:8080");

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:HEARTH_TOKEN}",
      description = "Bearer token, where the service wants one; better as HEARTH_TOKEN.")
  private @Nullable String token;

  ServiceClient client() {
    return client(url);
  }

  /** For a service that was named otherwise. */
  ServiceClient client(URI service) {
    return new ServiceClient(service, token);
  }
}
