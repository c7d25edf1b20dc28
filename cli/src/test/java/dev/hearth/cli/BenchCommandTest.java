package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** A benchmark of some seconds: that it measures what it says, never how fast this machine is. */
class BenchCommandTest {
  @Test
  void measuresAFlushWithARunAndOneWithoutAndWritesAReport(@TempDir Path directory)
      throws Exception {
    Path out = directory.resolve("report");

    Ran ran =
        run(
            "bench",
            "warm",
            "--for",
            "6s",
            "--reads",
            "300",
            "--keys",
            "300",
            "--rounds",
            "1",
            "--seed",
            "7",
            "--out",
            out.toString(),
            "-o",
            "json");

    assertThat(ran.status()).as("%s", ran.err()).isIn(0, 3);
    JsonNode figures = new ObjectMapper().readTree(ran.out());
    assertThat(ran.status() == 0).isEqualTo(figures.path("goalsReached").asBoolean());
    assertThat(figures.path("circumstances").path("command").asText())
        .startsWith("hearth bench warm --for 6s --reads 300");
    assertThat(figures.path("asked").path("seed").asLong()).isEqualTo(7);
    assertThat(figures.path("steadyHitRatio").asDouble()).isBetween(0.0, 1.0);
    assertThat(figures.path("goals")).hasSize(2);
    for (String curve : new String[] {"cold", "warmed"}) {
      // What was flushed has to be loaded, by whomever.
      assertThat(figures.path("curves").path(curve))
          .as(curve)
          .hasSizeGreaterThan(2)
          .anySatisfy(point -> assertThat(point.path("probesP99Millis").asDouble()).isPositive());
    }
    JsonNode round = figures.path("rounds").path(0);
    assertThat(round.path("runSeconds").asDouble() > 0 || !round.path("problem").asText().isEmpty())
        .as("%s", round)
        .isTrue();
    for (String when : new String[] {"before", "coldMeanwhile"}) {
      assertThat(figures.path("database").path(when).path("probes").path("count").asLong())
          .as(when)
          .isPositive();
    }

    String page = Files.readString(out.resolve("index.html"));
    assertThat(page)
        .contains("<svg", "seconds after the store was flushed", "hearth bench warm --for 6s")
        .doesNotContain("${", "http://www.w3.org/1999/xhtml", "<script", "src=");
    Document chart =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(out.resolve("chart.svg").toFile());
    assertThat(chart.getElementsByTagName("polyline").getLength()).isEqualTo(4);
    assertThat(new ObjectMapper().readTree(out.resolve("figures.json").toFile()))
        .isEqualTo(figures);
  }

  @Test
  void saysEverythingThatIsWrongAtOnce(@TempDir Path directory) throws Exception {
    Path file = Files.createFile(directory.resolve("file"));

    Ran ran =
        run(
            "bench",
            "warm",
            "--for",
            "1s",
            "--reads",
            "0",
            "--keys",
            "7",
            "--zipf",
            "-1",
            "--rounds",
            "0",
            "--out",
            file.toString());

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .contains(
            "--for is 1000 ms; expected 3s to 1h",
            "--reads is 0; expected 1 to 100000 per second",
            "--keys is 7; expected 100 to 1000000",
            "--zipf is -1.0; expected an exponent from 0 to 5, such as 1.0",
            "--rounds is 0; expected 1 to 100",
            "--out is " + file + ", which is no directory");
  }

  @Test
  void wantsToKnowWhatToMeasure() {
    Ran ran = run("bench");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("Name what to measure: hearth bench warm.");
  }
}
