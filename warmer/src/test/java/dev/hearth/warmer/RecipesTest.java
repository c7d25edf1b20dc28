package dev.hearth.warmer;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The recipes of docs/recipes, run with the machine's own shell, curl and openssl; where it lacks
 * one of these two, with what {@link RecipeTools} puts in their place.
 */
class RecipesTest {
  private static final Path RECIPES = Path.of("../docs/recipes");

  @TempDir private static Path directory;
  private static RunningWarmer running;
  private static Path standIns;

  private record Ended(int status, String output) {}

  @BeforeAll
  static void start() throws Exception {
    standIns = RecipeTools.commands(directory.resolve("tools"));
    running = RunningWarmer.withTriggers(Files.createDirectory(directory.resolve("state")), false);
  }

  @AfterAll
  static void stop() throws Exception {
    running.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"helm-post-upgrade.yaml", "argocd-post-sync.yaml"})
  void theJobOfAManifestWarmsBeforeItEnds(String file) throws Exception {
    JsonNode job = new YAMLMapper().readTree(RECIPES.resolve(file).toFile());
    assertThat(job.path("kind").asText()).isEqualTo("Job");
    JsonNode container = job.at("/spec/template/spec/containers/0");
    assertThat(container.path("command").toString()).isEqualTo("[\"sh\",\"-c\"]");
    Map<String, String> environment = new HashMap<>();
    container
        .path("env")
        .forEach(each -> environment.put(each.path("name").asText(), each.path("value").asText()));
    assertThat(environment).containsKey("HEARTH_HOOK_SECRET").containsEntry("HEARTH_WAIT", "300");

    assertWarms(
        container.path("args").path(0).asText(),
        Optional.ofNullable(environment.get("HEARTH_PLAN")).orElseThrow());
  }

  @Test
  void theManifestsAreHooksOfTheirTools() throws Exception {
    JsonNode helm = new YAMLMapper().readTree(RECIPES.resolve("helm-post-upgrade.yaml").toFile());
    JsonNode argo = new YAMLMapper().readTree(RECIPES.resolve("argocd-post-sync.yaml").toFile());

    assertThat(helm.path("metadata").path("annotations").path("helm.sh/hook").asText())
        .isEqualTo("post-install,post-upgrade");
    // Helm takes it for a template, in which two braces would be an expression.
    assertThat(Files.readString(RECIPES.resolve("helm-post-upgrade.yaml"))).doesNotContain("{{");
    assertThat(argo.path("metadata").path("annotations").path("argocd.argoproj.io/hook").asText())
        .isEqualTo("PostSync");
  }

  @Test
  void theStepOfACiWarmsBeforeItEnds() throws Exception {
    JsonNode step =
        new YAMLMapper()
            .readTree(RECIPES.resolve("ci-step.yaml").toFile())
            .at("/jobs/warm/steps/0");
    assertThat(step.at("/env/HEARTH_HOOK_SECRET").asText())
        .isEqualTo("${{ secrets.HEARTH_HOOK_SECRET }}");

    assertWarms(step.path("run").asText(), step.at("/env/HEARTH_PLAN").asText());
  }

  @Test
  void aWrongSecretAndAnUnknownPlanEndWithOneAndTheReason() throws Exception {
    String script = Files.readString(RECIPES.resolve("warm-after-deploy.sh"));

    Ended forged = run(script, "after-deploy", "not the secret at all");
    Ended unknown = run(script, "everything", RunningWarmer.SECRET);
    Ended withStandIns = run(script, "everything", RunningWarmer.SECRET, standIns + ":");

    assertThat(withStandIns.status()).as(withStandIns.output()).isEqualTo(1);
    assertThat(withStandIns.output()).contains("There is no plan \\\"everything\\\"");
    assertThat(forged.status()).as(forged.output()).isEqualTo(1);
    assertThat(forged.output()).contains("The signature is not that of this body");
    assertThat(unknown.status()).as(unknown.output()).isEqualTo(1);
    assertThat(unknown.output()).contains("There is no plan \\\"everything\\\"");
  }

  @Test
  void gitHubsWebhookWarms() throws Exception {
    JsonNode hook = new ObjectMapper().readTree(RECIPES.resolve("github-webhook.json").toFile());
    assertThat(hook.path("events").toString()).isEqualTo("[\"deployment_status\"]");
    assertThat(hook.at("/config/content_type").asText()).isEqualTo("json");
    String path = URI.create(hook.at("/config/url").asText()).getPath();
    running.empty();

    // What GitHub does: the event's JSON, signed with the webhook's secret, and headers that are
    // not.
    byte[] body =
        """
        {"action": "created",
         "deployment_status": {"id": 4711, "state": "success", "environment": "production",
           "created_at": "%1$s", "updated_at": "%1$s"},
         "deployment": {"id": 1, "environment": "production"},
         "repository": {"id": 9, "full_name": "o/r"}, "sender": {"login": "bot"}}
        """
            .formatted(Instant.now().truncatedTo(ChronoUnit.SECONDS))
            .getBytes(StandardCharsets.UTF_8);
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(
        new SecretKeySpec(RunningWarmer.SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(running.uri().resolve(path))
                    .header("Content-Type", "application/json")
                    .header("X-GitHub-Event", "deployment_status")
                    .header("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
                    .header(
                        "X-Hub-Signature-256",
                        "sha256=" + HexFormat.of().formatHex(mac.doFinal(body)))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString());

    assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
    running.awaitWarm();
    // The next test's runs would join one that is about to end.
    String run = new ObjectMapper().readTree(response.body()).at("/runs/0/id").asText();
    eventually(
        () -> running.warmer().find(run).orElseThrow().state().ended(),
        ended -> assertThat(ended).isTrue());
  }

  private static void assertWarms(String script, String plan) throws Exception {
    assertThat(script).isEqualTo(Files.readString(RECIPES.resolve("warm-after-deploy.sh")));
    running.empty();

    Ended ended = run(script, plan, RunningWarmer.SECRET);

    assertThat(ended.status()).as(ended.output()).isZero();
    assertThat(ended.output()).contains("\"state\":\"done\"");
    for (int id = 1; id <= RunningWarmer.KEYS; id++) {
      assertThat(running.value(id)).isPresent();
    }
  }

  private static Ended run(String script, String plan, String secret)
      throws IOException, InterruptedException {
    return run(script, plan, secret, "");
  }

  /**
   * @param before directories in front of the machine's own, each with a colon behind it
   */
  private static Ended run(String script, String plan, String secret, String before)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "recipe", ".log");
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-c", script)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    // Behind them, what a machine without curl or openssl falls back on.
    builder.environment().merge("PATH", "", (path, none) -> before + path + ":" + standIns);
    builder.environment().put("HEARTH_URL", running.uri().toString());
    builder.environment().put("HEARTH_PLAN", plan);
    builder.environment().put("HEARTH_HOOK_SECRET", secret);
    builder.environment().put("HEARTH_WAIT", "60");
    Process process = builder.start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended within 120 s").isTrue();
      return new Ended(process.exitValue(), Files.readString(output));
    } finally {
      process.destroyForcibly();
    }
  }
}
