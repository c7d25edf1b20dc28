package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.CharacterCodingException;
import org.junit.jupiter.api.Test;

class CodecTest {
  @Test
  void bringsTextBackAsItWas() throws Exception {
    assertThat(Codec.UTF_8.decode(Codec.UTF_8.encode("Überraschung 🎉")))
        .isEqualTo("Überraschung 🎉");
    assertThat(Codec.UTF_8.decode(Codec.UTF_8.encode(""))).isEmpty();
  }

  @Test
  void refusesBytesThatAreNoText() {
    assertThatThrownBy(() -> Codec.UTF_8.decode(new byte[] {(byte) 0xC3, 0x28}))
        .isInstanceOf(CharacterCodingException.class);
  }

  @Test
  void refusesTextThatHasNoBytes() {
    assertThatThrownBy(() -> Codec.UTF_8.encode("\uD83C"))
        .isInstanceOf(CharacterCodingException.class);
  }

  @Test
  void leavesBytesAlone() throws Exception {
    byte[] bytes = {1, 2, 3};

    assertThat(Codec.BYTES.decode(Codec.BYTES.encode(bytes))).isSameAs(bytes);
  }
}
