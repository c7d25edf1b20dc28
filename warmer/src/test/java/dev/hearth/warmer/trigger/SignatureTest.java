package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SignatureTest {
  private static final byte[] SECRET = bytes("It's a Secret to Everybody");
  private static final byte[] BODY = bytes("Hello, World!");

  /** The example of GitHub's documentation, "Validating webhook deliveries". */
  private static final String EXAMPLE =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

  @Test
  void signsAsGitHubDoes() {
    assertThat(Signature.of(SECRET, BODY)).isEqualTo(EXAMPLE);
    assertThat(Signature.isOf(SECRET, BODY, EXAMPLE)).isTrue();
  }

  @Test
  void takesNothingElse() {
    assertThat(Signature.isOf(SECRET, bytes("Hello, World! "), EXAMPLE)).isFalse();
    assertThat(Signature.isOf(bytes("another"), BODY, EXAMPLE)).isFalse();
    assertThat(Signature.isOf(SECRET, BODY, EXAMPLE.substring("sha256=".length()))).isFalse();
    assertThat(Signature.isOf(SECRET, BODY, EXAMPLE.replace("sha256", "sha1"))).isFalse();
    assertThat(Signature.isOf(SECRET, BODY, EXAMPLE.substring(0, EXAMPLE.length() - 2))).isFalse();
    assertThat(Signature.isOf(SECRET, BODY, EXAMPLE.replace("757", "75g"))).isFalse();
    assertThat(Signature.isOf(SECRET, BODY, "sha256=")).isFalse();
    for (int i = "sha256=".length(); i < EXAMPLE.length(); i++) {
      char other = EXAMPLE.charAt(i) == '0' ? '1' : '0';
      String changed = EXAMPLE.substring(0, i) + other + EXAMPLE.substring(i + 1);
      assertThat(Signature.isOf(SECRET, BODY, changed)).isFalse();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
