package dev.hearth.cli.shop.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ScreenTest {
  private static final String ERASE = "\r\u001b[2K";

  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  @Test
  void leavesOutWhatWouldWrapSinceAWrappedLineCannotBeWrittenOver() {
    screen(20).status("  19 s", "reads 1,007/s", "warmed 1");
    assertThat(shown()).isEqualTo(ERASE + "  19 s");

    screen(24).status("  19 s", "reads 1,007/s", "warmed 1");
    assertThat(shown()).isEqualTo(ERASE + "  19 s  reads 1,007/s");

    screen(80).status("  19 s", "reads 1,007/s", "warmed 1");
    assertThat(shown()).isEqualTo(ERASE + "  19 s  reads 1,007/s  warmed 1");
  }

  @Test
  void cutsALineOfOnePartAtTheEdge() {
    screen(10).status("auditing cache product");

    assertThat(shown()).isEqualTo(ERASE + "auditing ");
  }

  @Test
  void showsTheWholeLineOffATerminalAndSeldom() {
    Screen screen = screen(0);

    screen.status("a".repeat(200), "b");
    screen.status("c");

    assertThat(shown()).isEqualToIgnoringNewLines("a".repeat(200) + "  b");
  }

  @Test
  void endsTheLineBeforeASentence() {
    Screen screen = screen(40);

    screen.status("going on");
    screen.say("Done.");

    assertThat(shown().substring(ERASE.length()).lines()).containsExactly("going on", "Done.");
  }

  private Screen screen(int width) {
    shown.reset();
    return new Screen(new PrintStream(shown, true, StandardCharsets.UTF_8), width);
  }

  private String shown() {
    return shown.toString(StandardCharsets.UTF_8);
  }
}
