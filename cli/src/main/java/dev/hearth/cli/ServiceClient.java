package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.StartupException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Asks a running service, and turns its problems into sentences. Thread-safe. */
final class ServiceClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECT_BOUND = Duration.ofSeconds(5);
  private static final Duration REQUEST_BOUND = Duration.ofSeconds(30);

  private final URI url;
  private final @Nullable String token;
  private final HttpClient client = HttpClient.newBuilder().connectTimeout(CONNECT_BOUND).build();

  ServiceClient(URI url, @Nullable String token) {
    this.url = url;
    this.token = token;
  }

  /** A name as a part of a path. */
  static String encoded(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  URI resolve(String path) {
    return url.resolve(path);
  }

  /**
   * What a path answers.
   *
   * @throws StartupException if nobody answers, or the answer is a problem
   */
  JsonNode get(String path) throws InterruptedException {
    return send(request(path).GET());
  }

  /** The answer to a body; throws as {@link #get}. */
  JsonNode post(String path, Object body) throws InterruptedException, IOException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body))));
  }

  /** The answer where something is taken back; throws as {@link #get}. */
  JsonNode delete(String path) throws InterruptedException {
    return send(request(path).DELETE());
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(resolve(path)).timeout(REQUEST_BOUND);
    if (token != null && !token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return request;
  }

  private JsonNode send(HttpRequest.Builder request) throws InterruptedException {
    try {
      HttpResponse<String> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      JsonNode body = JSON.readTree(answer.body());
      if (answer.statusCode() >= 400) {
        throw new StartupException(
            problem(body), answer.statusCode() < 500 ? Hearth.USAGE : Hearth.FAILED);
      }
      return body;
    } catch (IOException e) {
      throw new StartupException(
          "No service answers at "
              + url
              + " ("
              + e.getClass().getSimpleName()
              + "); start one with: hearth run --config hearth.yaml, or name it with --url",
          Hearth.FAILED,
          e);
    }
  }

  private static String problem(JsonNode body) {
    StringBuilder sentence =
        new StringBuilder(body.path("detail").asText(body.path("title").asText("refused")));
    body.path("errors")
        .forEach(
            error ->
                sentence
                    .append("\n  ")
                    .append(error.path("field").asText())
                    .append(": ")
                    .append(error.path("hint").asText()));
    return sentence.toString();
  }
}
