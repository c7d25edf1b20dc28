package dev.hearth.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.why.Picture;
import dev.hearth.cli.why.Sentences;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The story of a key. */
@Command(
    name = "why",
    description =
        "Tells why a key is as it is: the last commits that touched it, the rules that fired, the"
            + " invalidations, when each store applied them, and what each store holds now. What is"
            + " not known is said to be not known.",
    mixinStandardHelpOptions = true)
final class WhyCommand implements Callable<Integer> {
  private static final int WIDTH_OFF_A_TERMINAL = 100;

  /** How the story is told. */
  enum Format {
    TABLE,
    TEXT,
    JSON,
    YAML;

    /** As a user writes it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServiceOptions service = new ServiceOptions();

  @Parameters(index = "0", paramLabel = "KEY", description = "The key, such as product:42.")
  private String key = "";

  @Option(
      names = "--cache",
      paramLabel = "NAME",
      description = "Of this cache; default: every cache whose keys look like it.")
  private @Nullable String cache;

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = "Asks the service that this configuration describes, instead of --url.")
  private @Nullable Path config;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description =
          "How to print it: ${COMPLETION-CANDIDATES}; table is a picture, text one line for each"
              + " event; default: ${DEFAULT-VALUE}.")
  private Format format = Format.TABLE;

  @Override
  public Integer call() throws InterruptedException, JsonProcessingException {
    Logging.off();
    String path =
        "/v1/why?key="
            + ServiceClient.encoded(key)
            + (cache == null ? "" : "&cache=" + ServiceClient.encoded(cache));
    JsonNode answer = client().get(path);
    PrintWriter out = spec.commandLine().getOut();
    switch (format) {
      case TABLE -> out.print(picture(answer));
      case TEXT -> out.print(Sentences.of(answer));
      case JSON -> out.println(answer);
      case YAML ->
          out.print(
              new ObjectMapper(
                      new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER))
                  .writeValueAsString(answer));
    }
    out.flush();
    return 0;
  }

  private String picture(JsonNode answer) {
    boolean terminal = System.console() != null;
    int width = terminal ? spec.usageMessage().autoWidth(true).width() : WIDTH_OFF_A_TERMINAL;
    return new Picture(width, terminal && System.getenv("NO_COLOR") == null).of(answer);
  }

  private ServiceClient client() {
    Path file = config;
    if (file == null) {
      return service.client();
    }
    if (spec.commandLine().getParseResult().hasMatchedOption("--url")) {
      throw new ParameterException(
          spec.commandLine(), "--config and --url may name two services; give one of them.");
    }
    HearthConfig.Http http = ConfigLoader.load(file, System.getenv(), Map.of()).config().http();
    if (http.port() == 0) {
      throw new StartupException(
          "http.port: 0 takes a free port, which only the service knows; name it with --url",
          Hearth.USAGE);
    }
    boolean any = http.host().equals("0.0.0.0") || http.host().equals("::");
    String host = any ? "127.0.0.1" : http.host();
    return service.client(
        URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + http.port()));
  }
}
