package dev.hearth.chassis.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads a configuration: the file, overlaid by environment variables, overlaid by flags, with
 * defaults where all three are silent. Stateless; any thread.
 *
 * <p>The steps: parse → overlay → interpolate the file's own text → check the shape by the schema →
 * fill in defaults → check the meaning → bind. Every step adds its problems to one list, and only
 * the last needs it to be empty.
 */
public final class ConfigLoader {

  /**
   * A configuration, and the document it was made from, which holds secrets: print it only by
   * {@link #effectiveYaml}.
   */
  public record Loaded(HearthConfig config, JsonNode effective) {

    /** The effective configuration as YAML, secrets masked. */
    public String effectiveYaml() {
      return EffectiveYaml.render(effective);
    }

    @Override
    public String toString() {
      return "Loaded[config=" + config + "]";
    }
  }

  private static final ObjectMapper YAML = new YAMLMapper();

  private static final ObjectMapper BINDER =
      JsonMapper.builder()
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
          .addModule(
              new SimpleModule()
                  .addDeserializer(
                      Duration.class, new TextReader<>(Duration.class, Quantities::duration))
                  .addDeserializer(
                      HearthConfig.Rate.class,
                      new TextReader<>(HearthConfig.Rate.class, Quantities::rate))
                  .addDeserializer(
                      Path.class, new TextReader<>(Path.class, ConfigLoader::directory)))
          .build();

  private ConfigLoader() {}

  /**
   * Loads a file.
   *
   * @param environment as {@link System#getenv()}; HEARTH_ variables that name no path are ignored
   * @param flags from path, such as {@code http.port}, to value
   * @throws ConfigException with every problem
   */
  public static Loaded load(Path file, Map<String, String> environment, Map<String, String> flags) {
    try {
      return parse(file.toString(), Files.readString(file), environment, flags);
    } catch (NoSuchFileException failure) {
      throw problem(file, "no such file; name another with --config, or write one: hearth init");
    } catch (AccessDeniedException failure) {
      throw problem(file, "this user may not read it; grant it");
    } catch (CharacterCodingException failure) {
      throw problem(file, "not text in UTF-8; store it as such");
    } catch (IOException failure) {
      throw problem(
          file,
          Files.isDirectory(file)
              ? "a directory; expected a file such as " + file.resolve("hearth.yaml")
              : "cannot be read (" + failure.getMessage() + "); expected a readable file");
    }
  }

  /**
   * Loads a text.
   *
   * @param name what messages call the text, such as the name of its file
   * @param yaml the text
   * @throws ConfigException with every problem
   */
  public static Loaded parse(
      String name, String yaml, Map<String, String> environment, Map<String, String> flags) {
    Findings findings = new Findings();
    ObjectNode document = document(name, yaml, findings);
    ConfigSchema schema = ConfigSchema.load();

    Overlay overlay = new Overlay(schema.root(), findings);
    overlay.environment(document, environment);
    overlay.flags(document, flags);
    new Interpolation(environment, findings).apply(document);
    Defaults.coerce("", schema.root(), document, findings);
    schema.validate(document, findings);
    ObjectNode effective = document.deepCopy();
    Defaults.fill(effective, schema.root());
    new SemanticChecks(document, effective, findings).run();
    if (!findings.isEmpty()) {
      throw new ConfigException(findings.inOrderOf(document));
    }
    return new Loaded(bind(effective), effective);
  }

  /** The JSON schema of the configuration, for editors. */
  public static String schema() {
    return ConfigSchema.load().text();
  }

  private static ObjectNode document(String name, String yaml, Findings findings) {
    JsonNode root;
    try (JsonParser parser = YAML.createParser(yaml)) {
      root = YAML.readTree(yaml);
      new DuplicateKeys(parser, findings).find();
    } catch (IOException failure) {
      throw new ConfigException(List.of(new Problem(name, syntax(failure))));
    }
    if (root == null || root.isMissingNode() || root.isNull()) {
      return YAML.createObjectNode();
    }
    if (root instanceof ObjectNode object) {
      return object;
    }
    throw new ConfigException(
        List.of(
            new Problem(
                name,
                "not a section of keys; expected the sections source, kafka, stores, caches and"
                    + " rules")));
  }

  /** The parser's whole message goes on with a snippet, which may hold a secret. */
  private static String syntax(IOException failure) {
    if (failure.getCause() instanceof MarkedYAMLException marked && marked.getProblem() != null) {
      Mark mark = marked.getProblemMark();
      return "line %d, column %d: %s; expected YAML"
          .formatted(mark.getLine() + 1, mark.getColumn() + 1, marked.getProblem());
    }
    return "not YAML that can be read; expected the sections source, kafka, stores, caches and"
        + " rules";
  }

  private static HearthConfig bind(ObjectNode effective) {
    try {
      return BINDER.treeToValue(effective, HearthConfig.class);
    } catch (JsonProcessingException failure) {
      throw new IllegalStateException(
          "the schema let something pass that cannot be bound: " + failure.getOriginalMessage());
    }
  }

  private static Path directory(String text) {
    String home = System.getProperty("user.home");
    return Path.of(text.equals("~") || text.startsWith("~/") ? home + text.substring(1) : text);
  }

  private static ConfigException problem(Path file, String message) {
    return new ConfigException(List.of(new Problem(file.toString(), message)));
  }

  private static final class TextReader<T> extends FromStringDeserializer<T> {

    private static final long serialVersionUID = 1L;

    private final transient Function<String, T> read;

    TextReader(Class<T> type, Function<String, T> read) {
      super(type);
      this.read = read;
    }

    @Override
    protected T _deserialize(String text, DeserializationContext context) {
      return read.apply(text);
    }
  }
}
