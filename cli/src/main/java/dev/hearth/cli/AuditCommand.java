package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hearth.cli.shop.demo.Screen;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Has a running service compare what is cached with the database. */
@Command(
    name = "audit",
    description = {
      "Compares cached entries with the database, in every store. It repairs nothing.",
      "Exit status 4 where stale entries were found, 1 where something could not be compared."
    },
    mixinStandardHelpOptions = true)
final class AuditCommand implements Callable<Integer> {
  private static final String PATH = "/v1/audits";
  private static final int INTERRUPTED = 130;
  private static final long TURN_MILLIS = 200;
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);
  private static final Duration LONGEST_PASS = Duration.ofHours(1);

  /** An audit settles what differs after its time is over. */
  private static final Duration SETTLING = Duration.ofMinutes(5);

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServiceOptions service = new ServiceOptions();

  @Option(
      names = "--cache",
      paramLabel = "NAME",
      defaultValue = "${env:HEARTH_CACHE}",
      description = "Only this cache; by default all that have a load query.")
  private @Nullable String cache;

  @Option(
      names = "--store",
      paramLabel = "NAME",
      defaultValue = "${env:HEARTH_STORE}",
      description = "Only in this store; by default in all.")
  private @Nullable String store;

  @Option(
      names = "--sample",
      paramLabel = "PERCENT",
      defaultValue = "${env:HEARTH_SAMPLE:-1%}",
      description =
          "Share of the entries of a cache in a store, up to 100%%; the first 1,000 are compared in"
              + " any case. Default: ${DEFAULT-VALUE}.")
  private String sample = "1%";

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      converter = DurationText.class,
      defaultValue = "${env:HEARTH_FOR}",
      description =
          "Goes on for so long (30s, 5m, at most 1h), with another sample each second or whenever"
              + " one is done; by default one sample.")
  private @Nullable Duration length;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException {
    Logging.off();
    Map<String, Object> request = new LinkedHashMap<>();
    if (cache != null) {
      request.put("cache", cache);
    }
    if (store != null) {
      request.put("store", store);
    }
    request.put("sample", AuditOptions.share(spec, sample));
    if (length != null) {
      request.put("forSeconds", AuditOptions.seconds(spec, length));
    }
    ServiceClient client = service.client();
    try (StopSignal signal = StopSignal.listen(CLOSE_BOUND)) {
      JsonNode begun = client.post(PATH, request);
      String path = PATH + "/" + ServiceClient.encoded(begun.path("id").asText());
      return follow(client, path, begun, signal);
    }
  }

  private int follow(ServiceClient client, String path, JsonNode begun, StopSignal signal)
      throws InterruptedException {
    JsonNode audit = begun;
    Screen screen = output.screen();
    long deadline =
        System.nanoTime()
            + Optional.ofNullable(length).orElse(LONGEST_PASS).plus(SETTLING).toNanos();
    while (audit.path("state").asText().equals("running") && System.nanoTime() < deadline) {
      screen.status(AuditText.progress(audit));
      if (signal.latch().await(TURN_MILLIS, TimeUnit.MILLISECONDS)) {
        screen.endLine();
        print(client.delete(path));
        return INTERRUPTED;
      }
      audit = client.get(path);
    }
    screen.endLine();
    print(audit);
    PrintWriter err = spec.commandLine().getErr();
    AuditText.remarks(audit).forEach(err::println);
    err.flush();
    return AuditText.status(audit);
  }

  private void print(JsonNode audit) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(audit, () -> AuditText.table(audit)));
    out.flush();
  }
}
