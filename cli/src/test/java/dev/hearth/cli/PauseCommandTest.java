package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Server;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that an operator holds, through a restart of the services. */
class PauseCommandTest {
  private static Installation installation;
  private static Path file;
  private static Services services;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    installation = new Installation("held", directory, Server.POSTGRES, Server.KAFKA, Server.REDIS);
    installation.execute("create table product (id int primary key, name text)");
    file =
        installation.file(
            installation.yaml(
                """
                caches:
                  product:
                    stores: [ redis ]
                    key: "product:{id}"
                    load: "select id, name from product where id = any(:id)"
                rules:
                  - { table: public.product, keys: [ "product:{id}" ] }
                """));
    services = installation.startReady(file, EnumSet.allOf(Role.class));
  }

  @AfterAll
  static void stop() {
    installation.close();
  }

  @Test
  void holdsRunsThroughARestartUntilTheyAreResumed() throws Exception {
    Ran paused = run("pause", "--cache", "product", "--reason", "the database is slow");

    assertThat(paused.err()).isEmpty();
    assertThat(paused.status()).isZero();
    assertThat(paused.out())
        .startsWith("Warm-up runs of cache product are paused since ")
        .endsWith(": the database is slow\n");
    String id =
        new ServiceClient(services.uri(), null)
            .post("/v1/warmups", Map.of("cache", "product", "top", 10))
            .path("id")
            .asText();

    services.close();
    services = installation.startReady(file, EnumSet.allOf(Role.class));

    assertThat(run("status").out())
        .containsPattern("ok +warm-ups +cache product paused since .* \\(the database is slow\\)");
    assertThat(state(id)).isEqualTo("queued");

    Ran resumed = run("resume", "-o", "yaml");

    assertThat(resumed.status()).isZero();
    assertThat(resumed.out()).contains("pauses: []");
    eventually(() -> assertThat(state(id)).isEqualTo("done"));
    assertThat(run("status").out()).containsPattern("ok +warm-ups +none is paused");
  }

  @Test
  void aRunWithoutHotKeysSaysWhatMakesThemKnown() {
    Ran ran = run("warm", "--cache", "product", "--wait");

    assertThat(ran.status()).isZero();
    assertThat(ran.out()).contains("0 of 0 ");
    assertThat(ran.err())
        .contains(
            "no key of cache \"product\" is known to be hot, so there was nothing to warm; do its"
                + " clients report their reads?");
  }

  @Test
  void namesWhatIsWrongWithTheQuestion() {
    assertThat(run("pause", "--cache", "prodct").status()).isEqualTo(2);
    assertThat(run("pause", "--cache", "prodct").err())
        .contains("cache: \"prodct\" is not known; expected one of product");
    assertThat(run("resume", "--cache", "prodct").status()).isEqualTo(2);
    assertThat(run("resume", "--cache", "prodct").err()).contains("There is no cache \"prodct\".");
    assertThat(Ran.run("pause", "--url", "http://127.0.0.1:1").status()).isEqualTo(1);
    assertThat(Ran.run("resume", "--url", "http://127.0.0.1:1").err())
        .contains("No service answers at http://127.0.0.1:1");
  }

  private static String state(String id) throws Exception {
    return new ServiceClient(services.uri(), null).get("/v1/warmups/" + id).path("state").asText();
  }

  private static Ran run(String command, String... further) {
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.addAll(List.of("--url", services.uri().toString()));
    arguments.addAll(List.of(further));
    return Ran.run(arguments.toArray(String[]::new));
  }
}
