package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class CasesTest {
  @Test
  void namesTheSeedWithWhichTheCaseThatFailedIsTheFirst() {
    List<Long> drawn = new ArrayList<>();

    assertThatThrownBy(
            () ->
                Cases.check(
                    10,
                    random -> {
                      drawn.add(random.nextLong());
                      if (drawn.size() == 7) {
                        throw new IOException("odd");
                      }
                    }))
        .isInstanceOf(AssertionError.class)
        .hasRootCauseMessage("odd")
        .satisfies(
            failed -> {
              Matcher message =
                  Pattern.compile(
                          "case 7 of (\\d+); it is the first with -Dhearth.seed=(-?\\d+): odd")
                      .matcher(failed.getMessage());
              assertThat(message.matches()).as(failed.getMessage()).isTrue();
              assertThat(message.group(1)).isEqualTo("" + Cases.number(10));
              assertThat(new Random(Long.parseLong(message.group(2))).nextLong())
                  .isEqualTo(drawn.get(6));
            });
    assertThat(drawn).doesNotHaveDuplicates();
  }
}
