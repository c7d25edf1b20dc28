package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One screen that says how a service is. */
@Command(
    name = "status",
    description =
        "Shows how a running service is: its checks, its lags, how stale each store can be. Exit"
            + " status 1 where it is not ready.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);
  private static final String CLEAR = "\u001b[H\u001b[2J";

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServiceOptions service = new ServiceOptions();

  @Option(
      names = {"-w", "--watch"},
      description = "Shows it again every second, until Ctrl-C.")
  private boolean watch;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException {
    Logging.off();
    ServiceClient client = service.client();
    PrintWriter out = spec.commandLine().getOut();
    while (true) {
      JsonNode status = client.get("/v1/status");
      String shown = output.text(status, () -> table(status));
      out.print(watch && !output.isJson() && System.console() != null ? CLEAR + shown : shown);
      out.flush();
      if (!watch) {
        return status.path("live").asBoolean() && status.path("ready").asBoolean()
            ? 0
            : Hearth.FAILED;
      }
      TimeUnit.NANOSECONDS.sleep(WATCH_INTERVAL.toNanos());
    }
  }

  static String table(JsonNode status) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "hearth %s  %s, %s%n%n",
            status.path("version").asText(),
            status.path("live").asBoolean() ? "live" : "NOT LIVE",
            status.path("ready").asBoolean() ? "ready" : "NOT READY"));
    status
        .path("checks")
        .forEach(
            check ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "  %-4s %-24s %s%n",
                        check.path("fine").asBoolean() ? "ok" : "FAIL",
                        check.path("name").asText(),
                        check.path("sentence").asText())));
    if (!status.path("lagMillis").isEmpty()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%n  %-24s %10s %10s %10s %10s%n",
              "lag in milliseconds",
              "count",
              "p50",
              "p99",
              "max"));
      status
          .path("lagMillis")
          .properties()
          .forEach(
              phase ->
                  text.append(
                      String.format(
                          Locale.ROOT,
                          "  %-24s %,10d %10.1f %10.1f %10.1f%n",
                          phase.getKey(),
                          phase.getValue().path("count").asLong(),
                          phase.getValue().path("p50Millis").asDouble(),
                          phase.getValue().path("p99Millis").asDouble(),
                          phase.getValue().path("maxMillis").asDouble())));
    }
    if (!status.path("watermarkAgeSeconds").isEmpty()) {
      text.append(String.format(Locale.ROOT, "%n  %-24s %10s%n", "store", "stale by at most"));
      status
          .path("watermarkAgeSeconds")
          .properties()
          .forEach(
              store ->
                  text.append(
                      String.format(
                          Locale.ROOT,
                          "  %-24s %12.2f s%n",
                          store.getKey(),
                          store.getValue().asDouble())));
    }
    return text.toString();
  }
}
