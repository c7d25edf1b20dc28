package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.position.Position;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetaCodecTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final Meta META =
      new Meta(
          -2,
          new Position(3, 0x10),
          new Position(3, 0x20),
          Map.of("b", 2L, "a", 0x0102L),
          "tid",
          258);
  private static final String HEAD =
      "48e110"
          + "fffffffffffffffe"
          + "0000000000000003"
          + "0000000000000010"
          + "0000000000000020"
          + "0000000000000102"
          + "0003746964";
  private static final String A = "000161" + "0000000000000102";
  private static final String B = "000162" + "0000000000000002";

  @Test
  void writesTheDocumentedBytes() {
    byte[] bytes = MetaCodec.encode(META);

    assertThat(HEX.formatHex(bytes)).isEqualTo(HEAD + "0002" + A + B);
  }

  @Test
  void readsWhatItWrites() {
    Meta odd = new Meta(1, Position.NONE, Position.NONE, Map.of("größe", -1L, "", 0L), "", -1);

    assertThat(MetaCodec.decode(MetaCodec.encode(META))).contains(META);
    assertThat(MetaCodec.decode(MetaCodec.encode(odd))).contains(odd);
  }

  @Test
  void takesEverythingElseForForeign() {
    byte[] bytes = MetaCodec.encode(META);

    for (int length = 0; length < bytes.length; length++) {
      assertForeign(Arrays.copyOf(bytes, length));
    }
    assertForeign("something".getBytes(StandardCharsets.UTF_8));
    assertForeign(HEX.parseHex(HEAD.replaceFirst("0000000000000003", "8000000000000003") + "0000"));
    assertForeign(HEX.parseHex(HEAD.replaceFirst("746964", "74ff64") + "0000"));
  }

  /** Such a record would be read, and never be found equal to what is written for it. */
  @Test
  void takesWhatItWouldWriteOtherwiseForForeign() {
    assertForeign(Arrays.copyOf(MetaCodec.encode(META), MetaCodec.encode(META).length + 1));
    assertForeign(HEX.parseHex(HEAD + "0002" + B + A));
    assertForeign(HEX.parseHex(HEAD + "0002" + A + A));
  }

  @Test
  void refusesANameThatItsLengthCannotHold() {
    String name = "n".repeat(65_536);
    Meta meta = new Meta(1, Position.NONE, Position.NONE, Map.of(name, 1L), "", 0);

    assertThatThrownBy(() -> MetaCodec.encode(meta))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cache takes 65536 bytes; expected at most 65535");
  }

  private static void assertForeign(byte[] bytes) {
    assertThat(MetaCodec.decode(bytes)).as(HEX.formatHex(bytes)).isEmpty();
  }
}
